// SPDX-License-Identifier: MIT
/* The head. */
function track(outcomes) {
	const shown = D.outcomes.map((outcome, n) => [outcome, outcomes[n]]).filter(([outcome, n]) => n && outcome !== "unsupported");
	const all = shown.reduce((sum, [, n]) => sum + n, 0);
	return el("div", { class: "track", "aria-hidden": "true" }, shown.map(([outcome, n]) => {
		const part = el("i", { class: `o-${outcome}` });
		part.style.flexGrow = n / all;
		return part;
	}));
}
function ladder(run) {
	const rows = run.steps.map(([level, counted, held, outcomes, first]) => {
		const known = outcomes[D.outcomes.indexOf("xfail")], failed = counted - held - known;
		const says = counted === 0 ? "nothing ran" : [`${held} of ${counted} held`, known && `${known} known`, failed > 0 && `${failed} failed`].filter(Boolean).join(", ");
		return el("tr", { class: level === run.level ? "is-level" : false },
			el("th", { scope: "row" }, level), el("td", {}, track(outcomes)),
			el("td", { class: "says" }, says, first && failed > 0 ? el("span", { class: "first" }, "first: ", link(first)) : ""));
	});
	return el("table", { class: "ladder" }, el("tbody", {}, rows));
}
const link = (name) => el("a", { href: "#" + address(name) }, name);
function standing(run) {
	const isNone = run.why_none || !run.level;
	const unsupported = run.outcomes[D.outcomes.indexOf("unsupported")];
	const known = run.sentence.includes("but for") ? run.sentence.replace(/^.*?, /, "") : "";
	const notes = [known && `${known}${run.strictly ? ` (without them: ${run.strictly})` : " (without them: none)"}`, unsupported && `${unsupported} unsupported here`];
	return el("div", {},
		el("p", { class: "eyebrow" }, "Level reached"),
		el("p", { class: `level${isNone ? " none" : ""}` }, run.why_none ? run.sentence.replace(/^no/, "No") : run.level || "None"),
		el("p", { class: "but" }, notes.filter(Boolean).join("; ")),
		ladder(run));
}
const LABELS = {
	interposer_version: "version", pytest_vfork: "suite", deadline_s: "deadline", libc: "libc", site: "site", python: "Python", started: "started",
};
/* Of several runs, what they have in common is told once. */
const isCommon = ([key, value]) => D.runs.every((run) => run.facts.some(([k, v]) => k === key && v === value));
function facts(list) {
	const shown = list.map(([key, value]) => {
		const said = key === "started" ? value.replace("T", " ").replace(/\+00:00$|Z$/, " UTC") : key === "kernel" ? `Linux ${value}` : key === "deadline_s" ? `${value} s` : value;
		return el("div", {}, el("dt", {}, LABELS[key] || key), el("dd", { class: "isolate" }, said));
	});
	return el("dl", { class: "facts" }, shown);
}
function head() {
	const theme = el("button", { type: "button", id: "theme", onclick: flip }, "Dark or light");
	const top = [el("div", { class: "bar" }, el("p", { class: "eyebrow" }, "vfork conformance"), theme)];
	if (RUNS === 1) {
		const run = D.runs[0];
		top.push(el("div", { class: "run alone" }, el("div", {}, el("h1", { class: "isolate" }, run.label), facts(run.facts)), standing(run)));
	} else {
		top.push(el("h1", {}, `${RUNS} runs, side by side`), facts(D.runs[0].facts.filter(isCommon)), el("div", { class: "changes" }, D.changes.map((change, n) => el("p", {},
			el("b", {}, `${letter(n)} → ${letter(n + 1)}: `), ["worse", "lost", "better", "gained", "same"].map((key) => `${change[key]} ${key}`).join(", ")))),
		el("div", { class: "runs", style: "margin-top:16px" }, D.runs.map((run, n) => el("section", { class: "run", "aria-label": `run ${letter(n)}` },
			el("h2", { class: "who" }, el("span", { class: "letter" }, letter(n)), el("span", { class: "isolate" }, run.label)), standing(run), facts(run.facts.filter((fact) => !isCommon(fact) && fact[0] !== "seed"))))));
	}
	D.runs.forEach((run, n) => {
		if (run.problems.length)
			top.push(el("div", { class: "notice", role: "note" }, el("b", {}, `${RUNS > 1 ? `Record ${letter(n)}` : "This record"} is not whole: `), run.problems.join("; "), "."));
	});
	byId("top").append(...top);
}
function flip() {
	const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
	document.documentElement.dataset.theme = dark ? "light" : "dark";
}
