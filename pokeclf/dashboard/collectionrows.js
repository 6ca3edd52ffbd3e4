// How rows and what they sum up to look.

const made = (tag, properties = {}, ...children) => {
	const element = Object.assign(document.createElement(tag), properties);
	element.append(...children);
	return element;
};

const counted = (count, name, names = `${name}s`) =>
	`${count.toLocaleString("en")} ${count === 1 ? name : names}`;

const nameOf = new Map(rules.species.map(([slug, , name]) => [slug, name]));

// As everywhere on the page; never a certainty that was not measured.
const percent = (share) => {
	if (share >= 0.9995) return ">\u00a099.9\u00a0%";
	if (share > 0 && share < 0.0005) return "<\u00a00.1\u00a0%";
	return `${(100 * share).toFixed(1)}\u00a0%`;
};

const isByPerson = (row) => row.species !== "" && row.confidence === "";
const isDoubtful = (row) => row.check === "yes" && row.problem === "";

// A correction, or a person's word that the model is right.
const byPerson = (row, species) => ({
	...row,
	species,
	number: String(slugs.get(species)),
	confidence: "",
	second: "",
	second_confidence: "",
	check: "no",
});

// A menu of all species, which is filled when somebody turns to it: hundreds of rows have one each.
const speciesMenu = (row) => {
	const own = new Option(nameOf.get(row.species) ?? row.species, row.species, true, true);
	const menu = made("select", {}, own);
	menu.setAttribute("aria-label", `Species in ${row.file}`);
	const fill = () => {
		if (menu.options.length > 1) return;
		menu.replaceChildren(
			...rules.species.map(([slug, , name]) => {
				const chosen = slug === row.species;
				return new Option(name, slug, chosen, chosen);
			}),
		);
	};
	for (const turn of ["focus", "pointerdown", "touchstart"])
		menu.addEventListener(turn, fill, { passive: true });
	return menu;
};

const factsOf = (row) => {
	if (isByPerson(row)) return "named by you";
	return `${percent(Number(row.confidence))} · ${rules.models[row.model] ?? row.model}`;
};

const answerOf = (row, change) => {
	if (row.problem) return [made("p", { className: "problem", textContent: row.problem })];
	const menu = speciesMenu(row);
	menu.addEventListener("change", () => change(byPerson(row, menu.value)));
	const parts = [menu, made("span", { className: "facts", textContent: factsOf(row) })];
	if (isDoubtful(row)) {
		const right = made("button", { type: "button", textContent: "That is right" });
		right.setAttribute("aria-label", `${nameOf.get(row.species)} is right for ${row.file}`);
		right.addEventListener("click", () => change(byPerson(row, row.species)));
		parts.push(made("span", { className: "doubt" }, made("b", { textContent: "check this" }), right));
	}
	return parts;
};

// A person's word is shown where the row stands, whose menu may still be typed into.
const settle = (item, row) => {
	item.querySelector(".facts").textContent = factsOf(row);
	const menu = item.querySelector("select");
	if (item.querySelector(".doubt")?.contains(document.activeElement)) menu.focus();
	item.querySelector(".doubt")?.remove();
};

const rowItem = (row, change, remove) => {
	const picture = row.thumbnail
		? made("img", { src: row.thumbnail, alt: "", loading: "lazy" })
		: made("span", { className: "unpictured" });
	const away = made("button", { type: "button", className: "remove", textContent: "×" });
	away.setAttribute("aria-label", `Remove ${row.file}`);
	away.title = "Remove";
	away.addEventListener("click", () => remove(row));
	const file = made("small", { textContent: row.file, title: row.file });
	const answer = made("div", { className: "answer" }, ...answerOf(row, change), file);
	const item = made("li", {}, picture, answer, away);
	item.dataset.key = row.key;
	return item;
};

const tally = (rows) => {
	const pictures = new Map();
	let doubtful = 0;
	let unread = 0;
	for (const row of rows) {
		if (row.species) pictures.set(row.species, (pictures.get(row.species) ?? 0) + 1);
		doubtful += isDoubtful(row);
		unread += row.problem !== "";
	}
	const missing = rules.species.filter(([slug]) => !pictures.has(slug)).map(([, , name]) => name);
	const shown = [...pictures.values()].reduce((sum, count) => sum + count, 0);
	return { found: pictures.size, missing, shown, doubtful, unread };
};

const summaryOf = ({ found, missing, shown, doubtful, unread }) => {
	const whole = nameOf.size;
	const facts = [
		`${counted(shown, "picture")}`,
		`${counted(shown - found, "duplicate")}`,
		`${doubtful.toLocaleString("en")} to check`,
	];
	if (unread) facts.push(`${counted(unread, "file")} that could not be read`);
	const parts = [
		made("p", { className: "complete" }, made("strong", { textContent: `${found} of ${whole}` }), " species"),
		made("progress", { value: found, max: whole, ariaLabel: "Pokédex completion" }),
		made("p", { className: "facts", textContent: `${facts.join(", ")}.` }),
	];
	if (missing.length && found)
		parts.push(
			made(
				"details",
				{},
				made("summary", { textContent: `${missing.length} missing` }),
				made("p", { textContent: `${missing.join(", ")}.` }),
			),
		);
	return parts;
};
