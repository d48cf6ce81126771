// SPDX-License-Identifier: MIT
/* What the page is made of: the data, as objects; data.py says what shape it has. No text of a record ever becomes markup. */
const D = JSON.parse(document.getElementById("data").textContent);
const text = (n) => D.texts[n] || "";
const RUNS = D.runs.length, LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const letter = (run) => LETTERS[run] || String(run + 1);
const MEANS = {
	pass: "the promise holds", fail: "it does not", xfail: "foreseen, with a reason", xpass: "known, but gone: the expectation is stale",
	unsupported: "this machine lacks something", broken: "the test itself did not work", missing: "did not run",
};
const NAMES = { xfail: "known deviation", xpass: "stale expectation" };
const byId = (id) => document.getElementById(id);

function el(tag, attributes, ...children) {
	const made = document.createElement(tag);
	for (const [key, value] of Object.entries(attributes || {}))
		if (key.startsWith("on"))
			made.addEventListener(key.slice(2), value);
		else if (value !== false && value !== null && value !== undefined)
			made.setAttribute(key, value === true ? "" : value);
	for (const child of children.flat(3))
		if (child !== null && child !== undefined && child !== "" && child !== false)
			made.append(child);
	return made;
}
const glyph = (outcome) => el("i", { class: `g o-${outcome}`, "aria-hidden": "true" });
const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

/* Items and cases as objects; what only a detail needs is read when it is opened. */
const cases = D.cases.map(([id, title, level, spec, must_do, must, rules, fails, isWorkload]) => ({
	id, title, level: D.levels[level], spec, do: must_do, must, rules, fails, isWorkload, area: id.split("/")[0], items: [],
}));
const items = D.items.map(([number, call, variant, source, linux, ...results], n) => {
	const item = { n, case: cases[number], call: text(call), variant: text(variant), source, linux, results };
	item.name = item.case.id + (item.call ? ":" + item.call : "") + (item.variant ? "+" + item.variant : "");
	item.outcomes = results.map((result) => (result ? D.outcomes[result[0]] : "missing"));
	item.differs = item.outcomes.some((outcome) => outcome !== item.outcomes[0]);
	item.case.items.push(item);
	return item;
});
const byName = new Map(items.map((item) => [item.name, item]));
const areas = [...new Set(cases.map((one) => one.area))];
const faults = [...new Set(cases.flatMap((one) => one.fails))].sort();
const worst = (item) => ["broken", "fail", "xpass", "xfail", "missing", "unsupported", "pass"].find((one) => item.outcomes.includes(one));
