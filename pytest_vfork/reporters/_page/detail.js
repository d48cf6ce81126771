// SPDX-License-Identifier: MIT
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
	const [, why, expected, seen, reference, facts, at] = result;
	const box = el("div", { class: `verdict is-${outcome}` }, title,
		el("dl", { class: "says-list" }, pairs([[outcome === "xfail" ? "reason" : "verdict", outcome === "pass" || text(why) === `${text(expected)} does not hold` ? "" : text(why)], ["expected", text(expected)], ["seen", text(seen)], ["ran on", at ? text(at) : ""]]),
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
		const line = lineOf(drawn), linux = item.linux && !isNativeBeside && lineOf(D.lines[item.linux]);
		const said = line.broken ? broke(line, expected) : "";
		parts.push(el("div", { class: "lines" },
			figure("seen", said || "What happened, in order; time runs down", timeline.draw(line, { title: `Timeline of ${item.name}. ${said} ${spoken(line)}` })),
			linux && figure("linux", `What ${D.linux} shows`, timeline.draw(linux, { grey: true, title: `What Linux shows: ${spoken(linux)}` }))));
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
