// SPDX-License-Identifier: MIT
/* The filter. The text field holds all of it; chips and lists write words into the field. */
let input, wrong, told, matches = () => true;
const chips = new Map(), lists = new Map();
function filters() {
	const totals = Object.fromEntries([...D.outcomes, "missing"].map((outcome) => [outcome, items.filter((item) => item.outcomes.includes(outcome)).length]));
	const chipRow = [...D.outcomes, "missing"].filter((outcome) => totals[outcome]).map((outcome) => {
		const chip = el("button", { type: "button", class: "chip", "aria-pressed": "false", title: MEANS[outcome], onclick: () => toggle("outcome", outcome) },
			glyph(outcome), NAMES[outcome] || outcome, el("b", {}, String(totals[outcome])));
		chips.set(outcome, chip);
		return chip;
	});
	if (RUNS > 1)
		chipRow.unshift(chips.set("different", el("button", { type: "button", class: "chip", "aria-pressed": "false", onclick: () => toggle("is", "different") },
			"differences", el("b", {}, String(items.filter((item) => item.differs).length)))).get("different"));
	const list = (key, label, values, all) => {
		const made = el("select", { onchange: (event) => write(key, event.target.value ? [event.target.value] : []) },
			el("option", { value: "" }, all), values.map((value) => el("option", { value }, value)));
		lists.set(key, made);
		return el("label", {}, label, made);
	};
	input = el("input", { type: "search", id: "query", placeholder: "words, or outcome:fail call:clone3", spellcheck: "false", autocomplete: "off", "aria-describedby": "count wrong", oninput: typed });
	told = el("span", { class: "count", id: "count", role: "status" });
	wrong = el("span", { class: "wrong", id: "wrong", role: "alert" });
	byId("filters").append(
		el("div", { class: "chips", role: "group", "aria-label": "Outcome" }, chipRow),
		el("div", { class: "fields" },
			el("label", { class: "query" }, "Filter", input),
			list("area", "Area", areas, "every area"), list("level", "Level", D.levels, "every level"),
			faults.length ? list("fault", "Noticed under", faults, "any fault") : "",
			el("button", { type: "button", onclick: () => { input.value = ""; apply(); input.focus(); } }, "Clear")),
		el("div", { class: "fields" }, told, wrong, help()));
	byId("filters").addEventListener("submit", (event) => {
		event.preventDefault();
		apply();
	});
}
function help() {
	const words = [
		["wait exec", "both words, in name, promise, must or reason"], ["outcome:fail,broken", "one of several"], ["area:signals call:clone3", "both"],
		["level:linux !pass", "not passed"], ["fault:NAME", "cases that must notice a fault"], ["is:workload or is:variant", "real programs, or other builds"],
		["(a or b) c", "parentheses"], ['"two words"', "as they stand"],
	];
	if (RUNS > 1)
		words.push(["is:different", "the runs do not agree"], ["seq(pass fail)", "passed, then failed"], ["one(fail)", "only one run fails"], ["A:pass B:!pass", "passed there, not here"],
			["count>1(!pass)", "more than one"], ["all(pass)", "none(missing)"], ["is:worse", "from the first run to the last"]);
	return el("details", { class: "words" }, el("summary", {}, "Words and keys"),
		el("ul", {}, words.map(([word, says]) => el("li", {}, el("code", {}, word), " ", says))),
		el("p", {}, el("kbd", {}, "/"), " filter, ", el("kbd", {}, "arrows"), " move in the matrix, ", el("kbd", {}, "Enter"), " opens, ", el("kbd", {}, "n"), " ", el("kbd", {}, "p"), " next and previous that did not pass, ", el("kbd", {}, "Esc"), " closes."));
}
const termOf = (key) => new RegExp(`(^|\\s)${key}:(\\S+)`, "i");
const valuesOf = (key) => (input.value.match(termOf(key)) || [, , ""])[2].split(",").filter(Boolean);
function write(key, values) {
	const rest = input.value.replace(termOf(key), " ").trim();
	input.value = (values.length ? `${rest} ${key}:${values.join(",")}` : rest).trim();
	apply();
}
function toggle(key, value) {
	const values = valuesOf(key);
	write(key, values.includes(value) ? values.filter((one) => one !== value) : [...values, value]);
}
let waiting = 0;
function typed() {
	clearTimeout(waiting);
	waiting = setTimeout(apply, items.length > 5000 ? 180 : 40);
}
function apply() {
	clearTimeout(waiting);
	try {
		matches = query.compile(input.value, world);
		wrong.textContent = "";
		input.removeAttribute("aria-invalid");
	} catch (error) {
		wrong.textContent = error.message;
		input.setAttribute("aria-invalid", "true");
		return;
	}
	for (const [outcome, chip] of chips)
		chip.setAttribute("aria-pressed", String((outcome === "different" ? valuesOf("is") : valuesOf("outcome")).includes(outcome)));
	for (const [key, list] of lists)
		list.value = valuesOf(key).length === 1 ? valuesOf(key)[0] : "";
	let shown = 0, shownCases = 0;
	for (const one of cases) {
		let any = 0;
		for (const item of one.items) {
			item.isOut = !matches(item);
			any += !item.isOut;
		}
		one.shown = any;
		shown += any;
		shownCases += any > 0;
		for (const row of one.rows || [])
			hide(row, one);
	}
	for (const section of sections)
		settle(section);
	told.textContent = shown === items.length ? `${plural(items.length, "item")} of ${plural(cases.length, "case")}` : `${shown} of ${plural(items.length, "item")}, ${shownCases} of ${plural(cases.length, "case")}`;
	byId("empty").hidden = shown > 0;
	remember();
}
function hide(row, one) {
	row.hidden = !one.shown;
	for (const item of one.items)
		for (const cell of item.cells || [])
			cell.classList.toggle("is-out", item.isOut);
}
function settle(section) {
	const some = section.cases.filter((one) => one.shown);
	section.head.hidden = some.length === 0;
	section.told.textContent = some.length === section.cases.length ? plural(some.length, "case") : `${some.length} of ${plural(section.cases.length, "case")}`;
}
