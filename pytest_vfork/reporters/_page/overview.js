// SPDX-License-Identifier: MIT
/* What there is to see: items that did not pass, by what they say. Each line writes the filter that shows them. */
const GROUPS = 9;
function overview() {
	const place = byId("overview");
	place.append(el("h2", {}, RUNS > 1 ? "What differs" : "What to look at"));
	const kinds = RUNS > 1 ? [["", differences()]] : [["fail", says("fail")], ["broken", says("broken")], ["xpass", says("xpass")], ["xfail", says("xfail")], ["unsupported", says("unsupported")]];
	let any = false;
	for (const [outcome, groups] of kinds) {
		if (!groups.length)
			continue;
		any = true;
		if (outcome)
			place.append(el("h3", {}, glyph(outcome), capital(NAMES[outcome] || outcome), el("span", { class: "count" }, MEANS[outcome])));
		const lines = groups.map(({ said, some, words, marks }) => el("li", {},
			el("span", { class: "how-many" }, String(some.length)),
			el("div", {}, marks && el("span", { class: "marks" }, marks), el("span", { class: "isolate" }, said),
				el("span", { class: "count" }, ` ${plural(new Set(some.map((item) => item.case)).size, "case")} `),
				el("button", { type: "button", class: "text", onclick: () => { input.value = words; apply(); } }, "show"), " ",
				el("button", { type: "button", class: "text", onclick: () => open(some[0]) }, "open the first"))));
		place.append(el("ol", { class: "groups" }, lines.slice(0, GROUPS)));
		if (lines.length > GROUPS)
			place.append(el("details", { class: "rest" }, el("summary", {}, `${lines.length - GROUPS} more`), el("ol", { class: "groups" }, lines.slice(GROUPS, 200))));
	}
	if (!any)
		place.append(el("p", {}, RUNS > 1 ? "The runs agree in every item." : "Every promise that was tested holds."));
	place.append(el("p", { class: "count" }, "A shape in the matrix opens the promise, the timeline and the program."));
}
function grouped(some, key) {
	const groups = new Map();
	for (const item of some) {
		const one = key(item);
		groups.has(one) ? groups.get(one).push(item) : groups.set(one, [item]);
	}
	return [...groups].sort((a, b) => b[1].length - a[1].length);
}
/* Of reasons that differ in a path alone, one is told. */
const says = (outcome) => grouped(items.filter((item) => item.outcomes[0] === outcome), (item) => text(item.results[0][1]).replace(/(^|\s)\/\S+/g, "$1…")).map(([said, some]) => {
	const longest = said.split(/[…"]/).sort((a, b) => b.length - a.length)[0].trim().slice(0, 70);
	return { said, some, words: `outcome:${outcome}${longest ? ` "${longest}"` : ""}` };
});
const differences = () => grouped(items.filter((item) => item.differs), (item) => item.outcomes.join()).map(([outcomes, some]) => {
	const each = outcomes.split(",");
	return {
		said: "", some, words: each.map((outcome, n) => `${letter(n)}:${outcome}`).join(" "),
		marks: each.map((outcome, n) => [el("span", { class: "letter" }, letter(n)), glyph(outcome), `${NAMES[outcome] || outcome} `]),
	};
});
