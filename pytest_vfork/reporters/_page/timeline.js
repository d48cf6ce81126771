// SPDX-License-Identifier: MIT
/*
 * Draws a timeline: a lane for each task, time runs down. records/timeline.py has decided what is where; its rows are
 * { lane, writer, name, value, means, mark, to }.
 */
const timeline = (() => {
	const ROW = 27, HEAD = 44;
	const colours = { referee: "referee", parent: "parent", child: "child", image: "image", thread: "thread" };

	function svg(tag, attributes = {}, ...children) {
		const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
		for (const [key, value] of Object.entries(attributes))
			made.setAttribute(key, value);
		made.append(...children);
		return made;
	}
	const colour = (label) => `var(--${colours[label.split(/[ -]/)[0]] || "thread"})`;
	const shorten = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);

	/* The shape of an event; each fits into a circle of radius 6. */
	function shape(mark, x, y, fill) {
		const at = { transform: `translate(${x} ${y})`, fill };
		switch (mark) {
		case "return":
			return svg("g", at, svg("circle", { r: 6 }), svg("circle", { r: 2.3, fill: "var(--card)" }));
		case "release":
			return svg("path", { ...at, d: "M-6.5-4.5h13L0 6.5z" });
		case "exec":
			return svg("path", { ...at, d: "M-4.5-6.5L7 0L-4.5 6.5z" });
		case "end":
			return svg("rect", { ...at, x: -5, y: -5, width: 10, height: 10 });
		case "signal":
			return svg("path", { ...at, d: "M0-7L7 0L0 7L-7 0z" });
		case "silence":
			return svg("circle", { ...at, r: 4.5, fill: "var(--card)", stroke: fill, "stroke-width": 2 });
		default:
			return svg("circle", { ...at, r: 4.5 });
		}
	}

	/* Where each lane begins and ends, in rows; an image begins with its first event. */
	function extents(line) {
		return line.lanes.map((lane, n) => {
			const own = line.rows.flatMap((row, r) => (row.lane === n ? [r] : []));
			const ended = own.filter((r) => line.rows[r].mark === "end" && /\.ended$/.test(line.rows[r].name));
			const from = lane.label.startsWith("image") && own.length ? own[0] : -0.7;
			return [from, ended.length && !lane.label.startsWith("referee") ? ended[ended.length - 1] : line.rows.length - 0.35];
		});
	}

	function draw(line, { grey = false, title = "", most = 46 } = {}) {
		const pitch = grey ? 46 : 56, left = grey ? 26 : 34, size = grey ? 10.5 : 11.5, letter = size * 0.604, x = (lane) => left + lane * pitch, y = (row) => HEAD + 18 + row * ROW;
		const labels = line.rows.map((row) => shorten(row.name + (said(row) ? "  " + said(row) : ""), most));
		const labelsAt = left + (line.lanes.length - 1) * pitch + 20;
		const longest = Math.max(12, ...labels.map((label) => label.length));
		const width = Math.ceil(labelsAt + longest * letter + 6), height = Math.ceil(y(line.rows.length) + 2);
		const paint = (label) => (grey ? "var(--unsupported)" : colour(label));
		const made = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "font-size": size });
		made.append(svg("title", {}, title));
		const where = extents(line);

		for (const row of line.cited)
			made.append(svg("rect", { x: 2, y: y(row) - 12, width: width - 4, height: 24, rx: 5, fill: "var(--fail-wash)" }));
		line.lanes.forEach((lane, n) => {
			const [from, to] = where[n];
			made.append(
				svg("text", { x: x(n), y: 14, "text-anchor": "middle", fill: paint(lane.label), "font-weight": 700, "font-size": grey ? 10 : 11.5 }, shorten(lane.label, 8)),
				svg("text", { x: x(n), y: 29, "text-anchor": "middle", fill: "var(--soft)", "font-size": 10 }, lane.tid ? String(lane.tid) : ""),
				svg("line", { x1: x(n), x2: x(n), y1: y(from), y2: y(to), stroke: paint(lane.label), "stroke-width": 2.5, opacity: grey ? 0.55 : 0.75 }),
			);
		});
		for (const span of line.spans) {
			const top = span.start < 0 ? y(-0.62) : y(span.start) + 8, bottom = span.end >= line.rows.length ? y(line.rows.length - 0.4) : y(span.end) - 8;
			if (bottom - top < 4)
				continue;
			made.append(svg("rect", { x: x(span.lane) - 11, y: top, width: 22, height: bottom - top, rx: 6, fill: grey ? "var(--line)" : "var(--span)", opacity: grey ? 0.75 : 1 }));
			made.append(svg("line", { x1: x(span.lane), x2: x(span.lane), y1: top, y2: bottom, stroke: grey ? "var(--paper)" : "var(--card)", "stroke-width": 3, "stroke-dasharray": "3 4" }));
		}
		line.rows.forEach((row, r) => {
			const next = line.lanes[row.lane];
			if (row.mark === "exec" && where[row.lane][0] === r) {
				const from = line.lanes.findIndex((lane, n) => n !== row.lane && lane.tid === next.tid && next.tid);
				if (from >= 0)
					made.append(svg("path", { d: `M${x(from)} ${y(r)}H${x(row.lane) - 6}`, stroke: paint(next.label), "stroke-width": 2, "stroke-dasharray": "2 3", fill: "none" }));
			} else if (row.to >= 0 && row.to !== row.lane && (row.mark === "silence" || row.mark === "life" || row.mark === "signal")) {
				const towards = Math.sign(row.to - row.lane), end = x(row.to) - towards * (line.spans.some((s) => s.lane === row.to) ? 13 : 8);
				made.append(svg("path", {
					d: `M${x(row.lane) + towards * 8} ${y(r)}H${end}m${-5 * towards}-4l${5 * towards} 4l${-5 * towards} 4`,
					stroke: paint(line.lanes[row.lane].label), "stroke-width": 1.4, fill: "none", "stroke-dasharray": row.mark === "signal" ? "none" : "3 3",
				}));
			}
		});
		line.rows.forEach((row, r) => {
			const label = svg("text", { x: labelsAt, y: y(r) + 4, "xml:space": "preserve" });
			const name = shorten(row.name, most), value = labels[r].slice(name.length);
			label.append(svg("tspan", { fill: grey ? "var(--soft)" : "var(--ink)" }, name), svg("tspan", { fill: "var(--soft)" }, value));
			made.append(shape(row.mark, x(row.lane), y(r), paint(line.lanes[row.lane].label)), label);
			if (r === line.leftOutAfter)
				made.append(svg("text", { x: labelsAt, y: y(r) + 18, fill: "var(--soft)", "font-size": 10.5 }, `… ${line.leftOut} events more …`));
		});
		if (line.broken)
			made.append(...violation(line, x, y));
		return made;
	}

	/* The order that broke: from what had to come first to what did, against time. */
	function violation(line, x, y) {
		const [late, early] = line.broken;
		if (late === null || early === null || late <= early)
			return [];
		const a = [x(line.rows[late].lane), y(late)], b = [x(line.rows[early].lane), y(early)];
		const side = a[0] === b[0] ? 1 : Math.sign(b[0] - a[0]), bend = a[0] === b[0] ? 26 : 0;
		const start = [a[0] + side * 9, a[1] - 4], end = [b[0] - side * (bend ? -10 : 9), b[1] + 8];
		const curve = `M${start}C${a[0] + side * (bend || 22)} ${(a[1] + b[1]) / 2 + 6} ${b[0] - side * (bend ? -bend : 22)} ${(a[1] + b[1]) / 2 + 10} ${end}`;
		const angle = Math.atan2(-10, side * (bend ? -1 : 7)), tip = (turn) => `${end[0] - 9 * Math.cos(angle + turn)} ${end[1] - 9 * Math.sin(angle + turn)}`;
		return [
			svg("path", { d: curve, fill: "none", stroke: "var(--card)", "stroke-width": 6, "stroke-linecap": "round" }),
			svg("path", { d: curve, fill: "none", stroke: "var(--fail)", "stroke-width": 2.6, "stroke-linecap": "round", class: "violation" }),
			svg("path", { d: `M${tip(0.5)}L${end}L${tip(-0.5)}`, fill: "none", stroke: "var(--fail)", "stroke-width": 2.6, "stroke-linecap": "round", "stroke-linejoin": "round" }),
		];
	}

	const said = (row) => row.means || (row.value ? String(row.value) : "");

	const legend = (mark) => {
		const made = svg("svg", { viewBox: "-8 -8 16 16", width: 14, height: 14, "aria-hidden": "true" });
		made.append(shape(mark, 0, 0, "var(--soft)"));
		return made;
	};
	return { draw, said, legend };
})();
