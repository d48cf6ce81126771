// SPDX-License-Identifier: MIT
/* The page: data.py says what shape the data has. No text of a record ever becomes markup: it is set as text alone. */
(() => {
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

	/*
	 * The matrix: a table for each area, so that the browser lays out those that are in sight and no other; one row of heads
	 * above them all, which each has once more for whoever hears the page.
	 */
	const sections = [], everyRow = [];
	let current = null;
	function matrix() {
		const calls = D.calls, hasVariants = items.some((item) => item.variant), place = byId("matrix");
		const columns = () => el("colgroup", {}, el("col", { class: "c-name" }), calls.map(() => el("col", { class: "c-call" })), hasVariants && el("col", { class: "c-more" }));
		const heads = () => el("tr", { role: "row" }, el("td", {}), calls.map((call) => el("th", { scope: "col", role: "columnheader" }, el("span", { class: "isolate" }, call))),
			hasVariants && el("th", { scope: "col", role: "columnheader" }, el("span", {}, "other builds")));
		place.style.setProperty("--cell", `${Math.max(26, 5 + RUNS * 10)}px`);
		place.style.setProperty("--calls", calls.length);
		place.append(el("table", { class: "grid heads", "aria-hidden": "true" }, columns(), el("thead", {}, heads())));
		const queue = [];
		const differing = RUNS > 1 ? cases.filter((one) => one.items.some((item) => item.differs)) : [];
		const groups = areas.map((area) => [area, cases.filter((one) => one.area === area && !one.isWorkload)]);
		groups.push(...areas.map((area) => [`workloads of ${area}`, cases.filter((one) => one.area === area && one.isWorkload)]));
		if (differing.length)
			groups.unshift(["differences", differing]);
		for (const [name, some] of groups) {
			if (!some.length)
				continue;
			const count = el("span", { class: "count" }), body = el("tbody", {});
			const heading = el("h2", { class: "isolate", id: `area-${sections.length}` }, capital(name));
			const whole = el("section", { class: "area", "aria-labelledby": heading.id }, el("div", { class: "area-head" }, heading, count),
				el("table", { class: "grid", role: "grid", "aria-labelledby": heading.id }, columns(), el("thead", { class: "heard" }, heads()), body));
			whole.style.containIntrinsicBlockSize = `auto ${48 + some.length * 34}px`;
			const section = { name, cases: some, head: whole, told: count, body };
			sections.push(section);
			place.append(whole);
			for (const one of some)
				queue.push([section, one]);
		}
		place.addEventListener("click", (event) => {
			const cell = event.target.closest("a.cell");
			if (cell && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
				event.preventDefault();
				open(items[cell.dataset.n], cell);
			}
		});
		place.addEventListener("keydown", move);
		place.append(el("p", { class: "empty", id: "empty", hidden: true }, "Nothing fits these words."));
		rows(queue, 0, calls, hasVariants);
	}
	/* Rows are made a few hundred at a time: a page of fifty thousand results must not wait for the last of them. */
	function rows(queue, from, calls, hasVariants) {
		const until = Math.min(queue.length, from + 200);
		for (let n = from; n < until; n++) {
			const [section, one] = queue[n];
			const row = rowOf(one, calls, hasVariants);
			row.dataset.row = everyRow.push(row) - 1;
			(one.rows ||= []).push(row);
			section.body.append(row);
			if (one.shown !== undefined)
				hide(row, one);
		}
		if (until < queue.length)
			setTimeout(() => rows(queue, until, calls, hasVariants), 4);
		else
			document.documentElement.dataset.drawn = "all";
	}
	const capital = (word) => word.slice(0, 1).toUpperCase() + word.slice(1);
	function rowOf(one, calls, hasVariants) {
		const plain = new Map(one.items.filter((item) => !item.variant).map((item) => [item.call, item]));
		const others = one.items.filter((item) => item.variant);
		const name = el("th", { scope: "row", role: "rowheader" }, el("span", { class: "isolate" }, one.title), el("small", {}, one.level));
		if (one.isWorkload) {
			const item = one.items[0], odd = item.results.find((result) => result && result[0] !== 0);
			return el("tr", { role: "row" }, name, el("td", { role: "gridcell", class: "told", colspan: calls.length + hasVariants }, cellOf(item), odd && el("span", { class: "isolate" }, text(odd[1]))));
		}
		return el("tr", { role: "row" }, name, calls.map((call) => el("td", { role: "gridcell" }, plain.has(call) && cellOf(plain.get(call)))),
			hasVariants && el("td", { role: "gridcell", class: "more" }, others.map(cellOf)));
	}
	function cellOf(item) {
		const said = item.outcomes.map((outcome, run) => (RUNS > 1 ? `${letter(run)} ` : "") + (NAMES[outcome] || outcome)).join(", ");
		const by = [item.call, item.variant].filter(Boolean).join(", ");
		const cell = el("a", { class: `cell is-${worst(item)}${RUNS > 1 ? " many" : ""}`, href: "#" + address(item.name), tabindex: "-1", "data-n": item.n, "aria-label": `${item.case.title}${by ? ", " + by : ""}: ${said}`, title: `${by || item.case.id}: ${said}` }, item.outcomes.map(glyph));
		(item.cells ||= []).push(cell);
		if (!current)
			point(cell);
		return cell;
	}
	function point(cell) {
		if (current)
			current.tabIndex = -1;
		current = cell;
		cell.tabIndex = 0;
	}
	function go(cell) {
		if (!cell)
			return;
		point(cell);
		cell.focus();
	}
	const isShown = (cell) => !cell.closest("tr").hidden;
	function move(event) {
		const cell = event.target.closest("a.cell");
		if (!cell || event.altKey || event.ctrlKey || event.metaKey)
			return;
		const row = cell.closest("tr"), inRow = [...row.querySelectorAll("a.cell")], at = inRow.indexOf(cell);
		const beside = (step) => {
			const column = cell.closest("td").cellIndex;
			for (let next = Number(row.dataset.row) + step; everyRow[next]; next += step) {
				const found = everyRow[next].querySelectorAll("a.cell");
				if (!everyRow[next].hidden && found.length)
					return [...found].sort((a, b) => Math.abs(a.closest("td").cellIndex - column) - Math.abs(b.closest("td").cellIndex - column))[0];
			}
			return null;
		};
		const to = { ArrowRight: () => inRow[at + 1], ArrowLeft: () => inRow[at - 1], ArrowDown: () => beside(1), ArrowUp: () => beside(-1), Home: () => inRow[0], End: () => inRow[inRow.length - 1] }[event.key];
		if (to) {
			event.preventDefault();
			go(to());
		} else if (event.key === " ") {
			event.preventDefault();
			open(items[cell.dataset.n], cell);
		}
	}
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

	/* One item. */
	let opened = null, cameFrom = null;
	function open(item, from, keep) {
		opened = item;
		cameFrom = from || (item.cells && item.cells.find(isShown)) || cameFrom;
		document.querySelectorAll('[aria-current="true"]').forEach((cell) => cell.removeAttribute("aria-current"));
		for (const cell of item.cells || [])
			cell.setAttribute("aria-current", "true");
		if (cameFrom && cameFrom.isConnected)
			point(cameFrom);
		const panel = byId("detail");
		panel.replaceChildren(...detail(item));
		panel.hidden = false;
		byId("overview").hidden = true;
		panel.scrollTop = 0;
		document.body.classList.add("is-open");
		if (!keep)
			byId("detail-title").focus({ preventScroll: matchMedia("(min-width: 1080px)").matches });
		remember();
	}
	function close() {
		if (!opened)
			return;
		opened = null;
		byId("detail").hidden = true;
		byId("overview").hidden = false;
		document.body.classList.remove("is-open");
		document.querySelectorAll('[aria-current="true"]').forEach((cell) => cell.removeAttribute("aria-current"));
		remember();
		if (cameFrom && cameFrom.isConnected)
			go(cameFrom);
	}
	function step(by) {
		const some = items.filter((item) => !item.isOut && worst(item) !== "pass" && worst(item) !== "unsupported");
		const from = opened ? some.indexOf(opened) : -1;
		const next = from >= 0 ? some[from + by] : by > 0 ? some.find((item) => !opened || item.n > opened.n) : some.filter((item) => !opened || item.n < opened.n).pop();
		if (next)
			open(next);
	}
	function detail(item) {
		const one = item.case, by = item.call ? [el("code", { class: "isolate" }, item.call), item.variant && [", ", item.variant, " build"]] : "a real program";
		const fragment = [
			el("div", { class: "d-head" },
				el("div", {}, el("p", { class: "eyebrow isolate" }, one.area)),
				el("div", { class: "button-row" },
					el("button", { type: "button", class: "icon", title: "previous that did not pass (p)", "aria-label": "previous that did not pass", onclick: () => step(-1) }, "‹"),
					el("button", { type: "button", class: "icon", title: "next that did not pass (n)", "aria-label": "next that did not pass", onclick: () => step(1) }, "›"),
					copier(() => location.href.split("#")[0] + "#" + address(item.name), "Copy link"),
					el("button", { type: "button", class: "icon", title: "close (Esc)", "aria-label": "close", onclick: close }, "×"))),
			el("h2", { id: "detail-title", tabindex: "-1", class: "isolate" }, one.title),
			el("p", {}, el("span", { class: "tag" }, "by ", by), el("span", { class: "tag" }, "level ", one.level), el("code", { class: "isolate count" }, item.name)),
		];
		if (one.spec.length)
			fragment.push(el("blockquote", {}, one.spec.map(([source, sentence]) => el("p", { class: "isolate" }, sentence, el("cite", {}, source)))));
		fragment.push(el("dl", { class: "says-list" }, pairs([["do", one.do], ["must", one.must]])));
		const isLinuxRun = D.runs.map((run) => run.facts.some(([key, value]) => key === "mode" && value === "native"));
		item.results.forEach((result, run) => fragment.push(verdict(item, result, run, isLinuxRun.includes(true))));
		fragment.push(el("h3", {}, "Run it again"), ...D.runs.map((run, n) => again(item, run, n)));
		fragment.push(...source(item));
		if (one.fails.length)
			fragment.push(el("details", {}, el("summary", {}, `Must notice ${plural(one.fails.length, "treatment")}`),
				el("div", { class: "pills" }, one.fails.map((fault) => el("button", { type: "button", title: "show what else notices it", onclick: () => { write("fault", [fault]); } }, fault)))));
		return fragment;
	}
	const pairs = (list) => list.filter(([, said]) => said).map(([key, said]) => [el("dt", {}, key), el("dd", { class: "isolate" }, said)]);
	function verdict(item, result, run, isNativeBeside) {
		const outcome = item.outcomes[run];
		const title = el("p", { class: "title" }, RUNS > 1 && el("span", { class: "letter" }, letter(run)), glyph(outcome),
			el("span", { class: `o-${outcome === "missing" ? "unsupported" : outcome}` }, capital(NAMES[outcome] || outcome)), RUNS > 1 && el("span", { class: "count isolate" }, D.runs[run].label));
		if (!result)
			return el("div", { class: "verdict" }, title, el("p", { class: "but" }, "This item did not run here."));
		const [, why, expected, seen, reference, facts] = result;
		const box = el("div", { class: `verdict is-${outcome}` }, title,
			el("dl", { class: "says-list" }, pairs([[outcome === "xfail" ? "reason" : "verdict", outcome === "pass" || text(why) === `${text(expected)} does not hold` ? "" : text(why)], ["expected", text(expected)], ["seen", text(seen)]]),
				text(reference) && [el("dt", {}, "read on"), el("dd", {}, outward(text(reference)))]));
		if (facts)
			box.append(...shown(item, facts, outcome, text(expected), isNativeBeside));
		else
			box.append(el("p", { class: "but" }, "Nothing was run."));
		return box;
	}
	/* A link of a record is followed only if it leads to the web; a javascript: address stays text. */
	const outward = (address) => (/^https?:\/\/[^\s]+$/i.test(address) ? el("a", { href: address, rel: "noreferrer noopener", class: "isolate" }, address) : el("code", { class: "isolate" }, address));
	function lineOf(drawn) {
		const [lanes, rows, spans, broken, cited, leftOut, leftOutAfter] = drawn;
		return {
			lanes: lanes.map(([label, pid, tid]) => ({ label: text(label), pid, tid })),
			rows: rows.map(([lane, writer, name, value, means, mark, to]) => ({ lane, writer, name: text(name), value, means: text(means), mark: text(mark), to })),
			spans: spans.map(([lane, start, end]) => ({ lane, start, end })),
			broken: broken || null, cited: cited || [], leftOut: leftOut || 0, leftOutAfter: leftOutAfter ?? -1,
		};
	}
	function shown(item, facts, outcome, expected, isNativeBeside) {
		const [drawn, status, elapsed, where, left, spawns, stdout, stderr] = facts, parts = [];
		if (drawn) {
			const line = lineOf(drawn), linux = item.linux && !isNativeBeside ? text(item.linux) : "";
			const said = line.broken ? broke(line, expected) : "";
			parts.push(el("div", { class: "lines" },
				figure("seen", said || "What happened, in order; time runs down", timeline.draw(line, { title: `Timeline of ${item.name}. ${said} ${spoken(line)}` })),
				linux && figure("linux", `What ${D.linux} shows`, timeline.draw(timeline.parse(linux), { grey: true, title: `What Linux shows: ${linux}` }))));
			parts.push(legend(line));
			parts.push(el("details", {}, el("summary", {}, plural(line.rows.length + line.leftOut, "event")), events(line)));
		}
		parts.push(el("dl", { class: "says-list", style: "margin-top:14px" }, pairs([["program", text(status)], ["took", `${elapsed} s`], ["left behind", left ? left.map(text).join(", ") : ""]])));
		for (const [label, some] of [["Where everyone was when the deadline passed", where], ["Spawns that the program asked for", spawns]])
			if (some)
				parts.push(el("details", { open: label.startsWith("Where") }, el("summary", {}, label), el("pre", { class: "wrap isolate", tabindex: "0" }, some.map(text).join("\n"))));
		for (const [label, said] of [["It wrote to stdout", stdout], ["It wrote to stderr", stderr]])
			if (text(said))
				parts.push(el("details", {}, el("summary", {}, label), el("pre", { class: "wrap isolate", tabindex: "0" }, text(said))));
		if (item.case.rules.length)
			parts.push(el("details", {}, el("summary", {}, plural(item.case.rules.length, "rule")), el("ul", { class: "rules" }, item.case.rules.map((rule) => el("li", { class: rule === expected ? "is-cited" : "" }, rule)))));
		return parts;
	}
	function figure(kind, caption, drawn) {
		const made = el("figure", { class: kind }, el("figcaption", { class: "isolate" }, caption), drawn);
		made.style.width = `${drawn.getAttribute("width")}px`;
		return made;
	}
	function broke(line, expected) {
		const [first, then] = line.broken, order = expected.split(" < ");
		if (first !== null && then !== null)
			return `${line.rows[first].name} must come before ${line.rows[then].name}; it came after`;
		return first === null ? `${order[0]} never came` : `${(order[1] || "").replace(" by value", "")} never came`;
	}
	const spoken = (line) => line.rows.map((row) => `${row.name} ${timeline.said(row)}`.trim()).join(", ");
	function legend(line) {
		const names = { return: "the call returned", release: "let go on", exec: "executes", end: "ends", signal: "signal", silence: "found silent", life: "" };
		const marks = [...new Set(line.rows.map((row) => row.mark))].filter((mark) => names[mark]);
		const swatch = el("span", {}, el("i", { style: "display:inline-block;width:12px;height:14px;border-radius:3px;background:var(--span)" }), "silent, in the call");
		return el("p", { class: "legend", "aria-hidden": "true" }, line.spans.some((span) => span.end - span.start > 1 || span.start < 0) && swatch, marks.map((mark) => el("span", {}, timeline.legend(mark), names[mark])));
	}
	function events(line) {
		const rows = line.rows.map((row, n) => {
			const lane = line.lanes[row.writer];
			return el("tr", { class: line.cited.includes(n) ? "is-cited" : "" }, el("td", { class: "n" }, String(n + (line.leftOutAfter >= 0 && n > line.leftOutAfter ? line.leftOut : 0))), el("td", { class: "isolate" }, row.name),
				el("td", { class: "n" }, String(lane.pid || "")), el("td", { class: "n" }, String(lane.tid || "")), el("td", { class: "n" }, String(row.value)), el("td", { class: "isolate" }, row.means));
		});
		const heads = ["", "event", "pid", "tid", "value", "means"].map((name) => el("th", { scope: "col", class: /pid|tid|value/.test(name) ? "n" : "" }, name || el("span", { class: "mono" }, "#")));
		return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "events" }, el("table", { class: "events" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows)));
	}
	const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\"'\"'")}'`);
	function again(item, run, n) {
		const command = `${run.again} ${quoted(`[${item.name}]`)}`;
		return el("div", {}, RUNS > 1 && el("p", { class: "count" }, letter(n), " ", run.label), copyable(command, true));
	}
	function copyable(said, wraps, label) {
		return el("div", { class: "with-copy" }, copier(() => said, "Copy"), el("pre", { class: wraps ? "wrap isolate" : "isolate", tabindex: "0", "aria-label": label || "command" }, said));
	}
	function source(item) {
		if (!item.source)
			return [el("h3", {}, "The program"), el("p", { class: "but" }, "The record does not hold it, and the suite that made this page is of another version.")];
		const place = el("div", {}, el("p", { class: "count" }, "…"));
		sources().then((all) => place.replaceChildren(copyable(all[item.source], false, "source")));
		return [el("h3", {}, item.call ? "The program, in C" : "The program"), place];
	}
	let unpacked = null;
	function sources() {
		return (unpacked ||= (async () => {
			const packed = Uint8Array.from(atob(byId("sources").textContent.trim()), (one) => one.charCodeAt(0));
			return JSON.parse(await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text());
		})());
	}
	function copier(what, label) {
		const button = el("button", { type: "button", onclick: async () => {
			const done = await copy(what());
			button.textContent = done ? "Copied" : "Press Ctrl+C";
			setTimeout(() => { button.textContent = label; }, 1600);
		} }, label);
		return button;
	}
	/* A page that was opened from a file may not be let to the clipboard: then the old way. */
	async function copy(said) {
		try {
			await navigator.clipboard.writeText(said);
			return true;
		} catch {
			const area = el("textarea", { "aria-hidden": "true", style: "position:fixed;opacity:0" });
			area.value = said;
			document.body.append(area);
			area.select();
			const done = document.execCommand("copy");
			area.remove();
			return done;
		}
	}

	/* The address: #item, #item?words or #?words. */
	const address = (name) => encodeURIComponent(name).replace(/%2F/g, "/").replace(/%3A/g, ":").replace(/%2B/g, "+");
	let isReading = true;
	function remember() {
		if (isReading)
			return;
		const words = input.value.trim(), hash = (opened ? address(opened.name) : "") + (words ? "?" + encodeURIComponent(words) : "");
		if (location.hash.slice(1) !== hash)
			history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
	}
	function decode(part) {
		try {
			return decodeURIComponent(part);
		} catch {
			return part;
		}
	}
	function follow() {
		const [name, words = ""] = location.hash.slice(1).split(/\?(.*)/s).map(decode);
		if (name === "matrix")
			return;
		isReading = true;
		if (input.value !== words) {
			input.value = words;
			apply();
		}
		const item = byName.get(name) || items.filter((one) => one.case.id === name).sort((a, b) => (worst(a) === "pass") - (worst(b) === "pass"))[0];
		if (item && item !== opened) {
			open(item);
			if (cameFrom)
				cameFrom.scrollIntoView({ block: "center" });
		} else if (!item && opened)
			close();
		isReading = false;
	}

	document.addEventListener("keydown", (event) => {
		if (event.ctrlKey || event.metaKey || event.altKey)
			return;
		if (event.key === "Escape" && opened)
			close();
		if (event.target.closest("input, select, textarea"))
			return;
		const does = { "/": () => input.focus(), n: () => step(1), p: () => step(-1) }[event.key];
		if (does) {
			event.preventDefault();
			does();
		}
	});
	const measure = () => document.documentElement.style.setProperty("--bar", `${byId("filters").offsetHeight}px`);
	window.addEventListener("hashchange", follow);
	document.body.classList.toggle("has-many", RUNS > 1);
	head();
	filters();
	matrix();
	apply();
	overview();
	follow();
	measure();
	new ResizeObserver(measure).observe(byId("filters"));
	byId("foot").append(el("span", {}, `Made by ${D.by} from ${plural(RUNS, "record")}.`), el("span", {}, "Self-contained: nothing is fetched."));
	document.documentElement.dataset.ready = "yes";
})();
