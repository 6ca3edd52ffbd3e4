// Files in and out: pictures from a drop, their fingerprints and small copies, and tables.

const { rules } = props;
const SIDE = 96; // of a small copy, in pixels: twice its size on the page
const MOST_CHARACTERS = 200e6; // of a file that is imported
const slugs = new Map(rules.species.map(([slug, number]) => [slug, number]));
const suffixes = new Set(rules.suffixes);

// What a folder holds besides pictures is passed over, as on the command line; a file that was
// chosen by itself is not.
const isPicture = (name) => suffixes.has(name.slice(name.lastIndexOf(".")).toLowerCase());
const belowFolder = (path) => path.replace(/^\/?[^/]*\//, "");

const inFolder = (files) =>
	[...files]
		.map((file) => ({ file, name: belowFolder(file.webkitRelativePath) }))
		.filter(({ name }) => isPicture(name));

const entriesOf = async (folder) => {
	const reader = folder.createReader();
	const found = [];
	for (;;) {
		const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
		if (!some.length) return found.sort((one, other) => (one.name < other.name ? -1 : 1));
		found.push(...some); // They come a hundred at a time.
	}
};

const picturesBelow = async (entry) => {
	if (entry.isDirectory) return (await Promise.all((await entriesOf(entry)).map(picturesBelow))).flat();
	if (!isPicture(entry.name)) return [];
	const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
	return [{ file, name: belowFolder(entry.fullPath) }];
};

const dropped = async (items) => {
	// The items are gone after the first pause.
	const found = [...items]
		.filter((item) => item.kind === "file")
		.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
	const lists = await Promise.all(
		found.map(({ entry, file }) =>
			entry?.isDirectory ? picturesBelow(entry) : [{ file, name: file.name }],
		),
	);
	return lists.flat();
};

const sumOf = async (bytes) => {
	const sum = await crypto.subtle.digest("SHA-256", bytes);
	return [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

// A picture with what of it is sent, and its fingerprint, which saves sending it again; null for a
// file that is gone. Away from https and localhost browsers have no fingerprints, and the server's
// tells it afterwards.
const withFingerprint = async (picture) => {
	try {
		const sent = picture.file.slice(0, rules.bytes + 1);
		if (!globalThis.crypto?.subtle) {
			await sent.slice(0, 1).arrayBuffer();
			return { ...picture, sent, fingerprint: null };
		}
		return { ...picture, sent, fingerprint: await sumOf(await sent.arrayBuffer()) };
	} catch {
		return null;
	}
};

// A small copy as a data address, "" when the browser cannot read what the server could.
const smallCopy = async (file) => {
	try {
		const picture = await createImageBitmap(file);
		const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
		const [width, height] = [picture.width, picture.height].map((side) =>
			Math.max(1, Math.round(side * scale)),
		);
		const canvas = Object.assign(document.createElement("canvas"), { width, height });
		const context = canvas.getContext("2d");
		context.fillStyle = "white"; // The model sees white behind what is transparent, too.
		context.fillRect(0, 0, width, height);
		context.imageSmoothingQuality = "high";
		context.drawImage(picture, 0, 0, width, height);
		picture.close();
		return canvas.toDataURL("image/jpeg", 0.8);
	} catch {
		return "";
	}
};

// Tables.

const inColumns = (row) => Object.fromEntries(rules.columns.map((name) => [name, row[name]]));

const asCsv = (rows) => {
	const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
	const lines = rows.map((row) => rules.columns.map((name) => cell(row[name])).join(","));
	return [rules.columns.join(","), ...lines, ""].join("\n");
};

const asJson = (rows) => {
	const full = rows.map((row) => ({
		...inColumns(row),
		fingerprint: row.fingerprint,
		thumbnail: row.thumbnail,
	}));
	return JSON.stringify({ version: 1, kind: "collection", rows: full }, null, 1);
};

const TOO_MANY = `The file has more than ${rules.rows.toLocaleString("en")} rows, so it was not imported.`;
const FOREIGN =
	"The file is not a collection that was exported here or written by the command catalog, " +
	"so it was not imported.";
const CELL = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n)/gy;

const linesOf = (text) => {
	const whole = text.endsWith("\n") ? text : `${text}\n`;
	const lines = [[]];
	for (CELL.lastIndex = 0; CELL.lastIndex < whole.length; ) {
		const found = CELL.exec(whole);
		if (!found) throw new Refusal(FOREIGN);
		lines.at(-1).push(found[1]?.replaceAll('""', '"') ?? found[2]);
		if (found[3] !== ",") lines.push([]);
		if (lines.length > rules.rows + 2) throw new Refusal(TOO_MANY);
	}
	lines.pop();
	return lines;
};

const fromCsv = (text) => {
	const columns = rules.columns;
	if (!/^[^\n]*\n?/.exec(text)[0].startsWith(columns.join(","))) throw new Refusal(FOREIGN);
	const [header, ...lines] = linesOf(text);
	if (header.length !== columns.length) throw new Refusal(FOREIGN);
	return lines.map((line, place) => {
		if (line.length !== columns.length) throw wrong(place, "has not one value for each column");
		return Object.fromEntries(line.map((value, column) => [columns[column], value]));
	});
};

const fromJson = (text) => {
	let found = null;
	try {
		found = JSON.parse(text);
	} catch {
		throw new Refusal(FOREIGN);
	}
	const known = found?.kind === "collection" && found.version === 1 && Array.isArray(found.rows);
	if (!known) throw new Refusal(FOREIGN);
	if (found.rows.length > rules.rows) throw new Refusal(TOO_MANY);
	return found.rows;
};

const wrong = (place, what) =>
	new Refusal(`Row ${place + 1} of the file ${what}, so nothing of it was imported.`);

// Only what this page or the command would have written passes, so that nothing else is ever shown,
// stored or exported again.
const SHARE = /^(0(\.\d{1,6})?|1(\.0{1,6})?|)$/;
const FINGERPRINT = /^([0-9a-f]{64})?$/;
const THUMBNAIL = /^(data:image\/(jpeg|png|webp);base64,[A-Za-z0-9+/]+=*)?$/;
const isText = (text, most) =>
	text.length <= most &&
	!/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(text) &&
	!rules.formula.includes(text[0]);

const checked = (row, place) => {
	const values = { fingerprint: "", thumbnail: "", ...row };
	const texts = [...rules.columns, "fingerprint", "thumbnail"].map((name) => values[name]);
	const { file, model, number, species, confidence, second, second_confidence } = values;
	if (!texts.every((text) => typeof text === "string")) throw wrong(place, "lacks a text");
	if (!file || !isText(file, 4000)) throw wrong(place, "has a name that no picture has here");
	if (!Object.hasOwn(rules.models, model)) throw wrong(place, "names a model that is none");
	if (!isText(values.problem, 500)) throw wrong(place, "has a problem that is no sentence");
	for (const slug of [species, second])
		if (slug && !slugs.has(slug)) throw wrong(place, "names a species that is none");
	if (number !== (species && String(slugs.get(species)))) throw wrong(place, "has a wrong number");
	if (!species === !values.problem) throw wrong(place, "has not either a species or a problem");
	if (![confidence, second_confidence].every((share) => SHARE.test(share)))
		throw wrong(place, "has a confidence that is none");
	if (!["yes", "no"].includes(values.check)) throw wrong(place, "has neither yes nor no for check");
	const pictured = FINGERPRINT.test(values.fingerprint) && THUMBNAIL.test(values.thumbnail);
	if (!pictured || values.thumbnail.length > 60_000) throw wrong(place, "has a damaged picture");
	return { ...inColumns(values), fingerprint: values.fingerprint, thumbnail: values.thumbnail };
};

const rowsOfFile = async (file) => {
	if (file.size > MOST_CHARACTERS) throw new Refusal(TOO_MANY);
	const text = (await file.text()).replace(/^\ufeff/, "");
	const rows = /^\s*\{/.test(text) ? fromJson(text) : fromCsv(text);
	return rows.map(checked);
};

// Of rows from a file, those that are not there yet, with keys. Those of a CSV tell no contents;
// they are known by their names, of which there may be several.
const newOnes = (found, there) => {
	const named = new Map();
	for (const { file } of there.values()) named.set(file, (named.get(file) ?? 0) + 1);
	const fresh = new Map();
	const free = (file) => {
		for (let number = 1; ; number++) {
			const key = `${number} ${file}`;
			if (!there.has(key) && !fresh.has(key)) return key;
		}
	};
	for (const row of found) {
		const others = named.get(row.file) ?? 0;
		if (row.fingerprint ? there.has(row.fingerprint) : others > 0) {
			named.set(row.file, others - 1);
			continue;
		}
		const key = row.fingerprint || free(row.file);
		fresh.set(key, { ...row, key });
	}
	return [...fresh.values()];
};

const saved = (name, kind, text) => {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(new Blob([text], { type: kind }));
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};
