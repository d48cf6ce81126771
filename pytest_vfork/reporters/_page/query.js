// SPDX-License-Identifier: MIT
/*
 * The words of the filter, after the grammar of wpt.fyi: words beside each other must all hold, "or" and "and", "!" and "not",
 * parentheses, key:value with commas for "one of", and over several runs exists(), all(), none(), seq(), count:N(), one().
 *
 * compile(text, world) returns a function of an item. A predicate takes an item and the number of a run; at the top, and in
 * exists(), all words must hold of one and the same run.
 */
const query = (() => {
	const token = /\s*(?:("(?:[^"]*)")|(count\s*:?\s*(?:<=|>=|<|>|=)?\s*\d+|exists|all|none|seq|one|two|three)\s*\(|([()!])|([^\s()]+))/y;

	function tokens(text) {
		const found = [];
		token.lastIndex = 0;
		for (let at = 0; at < text.length && text.slice(at).trim(); at = token.lastIndex) {
			token.lastIndex = at;
			const match = token.exec(text);
			if (!match)
				throw new Error("cannot read: " + text.slice(at));
			const [, quoted, call, mark, word] = match;
			if (quoted)
				found.push({ word: quoted.slice(1, -1), quoted: true });
			else if (call)
				found.push({ call: call.replace(/\s/g, "") });
			else if (mark)
				found.push({ mark });
			else
				found.push({ word });
		}
		return found;
	}

	function compile(text, world) {
		const list = tokens(text);
		let at = 0;
		const peek = () => list[at];
		const is = (word) => peek() && !peek().quoted && peek().word === word;

		function or() {
			const some = [and()];
			while (is("or") && ++at)
				some.push(and());
			return some.length === 1 ? some[0] : (item, run) => some.some((one) => one(item, run));
		}
		function and() {
			const every = [not()];
			while (peek() && peek().mark !== ")" && !is("or")) {
				if (is("and"))
					at++;
				every.push(not());
			}
			return (item, run) => every.every((one) => one(item, run));
		}
		function not() {
			const next = peek();
			if (!next)
				throw new Error("something is missing at the end");
			if (next.mark === "!" || is("not")) {
				at++;
				const one = not();
				return (item, run) => !one(item, run);
			}
			at++;
			if (next.mark === "(")
				return closed(or());
			if (next.call)
				return called(next.call);
			if (next.mark || (!next.quoted && (next.word === "or" || next.word === "and")))
				throw new Error(`${next.mark || next.word} where a word should be`);
			return world.word(next.word, next.quoted);
		}
		function closed(made) {
			if (!peek() || peek().mark !== ")")
				throw new Error(") is missing");
			at++;
			return made;
		}
		function called(name) {
			const inside = [];
			while (peek() && peek().mark !== ")")
				inside.push(name === "seq" ? not() : or());
			closed();
			if (!inside.length)
				throw new Error(`${name}() of nothing`);
			const whole = (item, run) => inside.every((one) => one(item, run));
			const runs = [...Array(world.runs).keys()];
			const count = (item) => runs.filter((run) => whole(item, run)).length;
			const many = name.match(/^count:?(<=|>=|<|>|=)?(\d+)$/);
			if (many) {
				const n = Number(many[2]), holds = {
					"<": (c) => c < n, ">": (c) => c > n, "<=": (c) => c <= n, ">=": (c) => c >= n,
				}[many[1]] || ((c) => c === n);
				return (item) => holds(count(item));
			}
			return {
				exists: (item) => count(item) > 0,
				all: (item) => count(item) === world.runs,
				none: (item) => count(item) === 0,
				one: (item) => count(item) === 1,
				two: (item) => count(item) === 2,
				three: (item) => count(item) === 3,
				seq: (item) => runs.some((run) => inside.every((one, n) => run + n < world.runs && one(item, run + n))),
			}[name];
		}

		if (!list.length)
			return () => true;
		const made = or();
		if (peek())
			throw new Error(`${peek().mark || peek().word} is one too many`);
		const runs = [...Array(world.runs).keys()];
		return (item) => runs.some((run) => made(item, run));
	}
	return { compile };
})();
