// SPDX-License-Identifier: MIT
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
	else {
		document.documentElement.dataset.drawn = "all";
		if (arrivedAt && arrivedAt === opened)
			bring(arrivedAt);
	}
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
	if (item === opened)
		cell.setAttribute("aria-current", "true");
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
