// SPDX-License-Identifier: MIT
/* The words of the filter. */
const haystack = (one) => (one.hay ??= [one.id, one.title, one.do, one.must, ...one.spec.flat()].join("\n").toLowerCase());
const RANK = { pass: 0, xpass: 0, xfail: 1, fail: 2, broken: 3 };
const world = {
	runs: RUNS,
	word(word, quoted) {
		const at = quoted ? -1 : word.indexOf(":");
		if (at < 0) {
			const plain = word.toLowerCase();
			if (!quoted && (D.outcomes.includes(plain) || plain === "missing"))
				return (item, run) => item.outcomes[run] === plain;
			return (item, run) => haystack(item.case).includes(plain) || item.name.toLowerCase().includes(plain) ||
				(item.results[run] && text(item.results[run][1]).toLowerCase().includes(plain));
		}
		const key = word.slice(0, at).toLowerCase(), negated = word[at + 1] === "!";
		const values = word.slice(at + 1 + negated).toLowerCase().split(",");
		const one = keyed(key, values);
		return negated ? (item, run) => !one(item, run) : one;
	},
};
function keyed(key, values) {
	const among = (value) => values.includes(String(value).toLowerCase());
	const run = D.runs.findIndex((one, n) => letter(n).toLowerCase() === key || one.label.toLowerCase().replace(/ /g, "-") === key);
	if (run >= 0)
		return (item) => among(item.outcomes[run]);
	const last = RUNS - 1;
	const is = {
		different: (item) => item.differs,
		worse: (item) => rank(item.outcomes[last]) > rank(item.outcomes[0]),
		better: (item) => rank(item.outcomes[last]) < rank(item.outcomes[0]),
		known: (item) => item.outcomes.includes("xfail"),
		workload: (item) => item.case.isWorkload,
		variant: (item) => item.variant !== "",
	};
	switch (key) {
	case "outcome": case "status": return (item, run) => among(item.outcomes[run]);
	case "area": return (item) => among(item.case.area);
	case "level": return (item) => among(item.case.level);
	case "call": return (item) => among(item.call);
	case "variant": return (item) => among(item.variant);
	case "fault": return (item) => item.case.fails.some((fault) => among(fault));
	case "id": return (item) => values.some((value) => item.name.toLowerCase().includes(value));
	case "is":
		for (const value of values)
			if (!is[value])
				throw new Error(`is:${value}: want one of ${Object.keys(is).join(", ")}`);
		return (item) => values.some((value) => is[value](item));
	}
	throw new Error(`${key}: is no key; want outcome, area, level, call, variant, fault, id, is${RUNS > 1 ? ", or the letter of a run" : ""}`);
}
const rank = (outcome) => RANK[outcome] ?? 1.5;
