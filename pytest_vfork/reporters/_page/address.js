// SPDX-License-Identifier: MIT
/* The address: #item, #item?words or #?words. */
const address = (name) => encodeURIComponent(name).replace(/%2F/g, "/").replace(/%3A/g, ":").replace(/%2B/g, "+");
let isReading = true, arrivedAt = null;
/* The rows above may not have been laid out yet, and are then of another height than they seemed to be. */
function bring(item) {
	const cell = (item.cells || []).find(isShown);
	if (!cell)
		return;
	point(cell);
	cameFrom = cell;
	for (const wait of [0, 60, 200])
		setTimeout(() => item === opened && cell.scrollIntoView({ block: "center" }), wait);
}
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
		arrivedAt = item;
		bring(item);
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
