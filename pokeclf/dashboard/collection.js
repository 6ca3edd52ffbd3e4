// The desk: takes files, has their species named batch by batch, and shows what there is.

const STEP = 100; // rows that are shown before somebody asks for more
const part = Object.fromEntries(
	[...element.querySelectorAll("[data-part]")].map((each) => [each.dataset.part, each]),
);
const store = new Store();
const waiting = []; // pictures that are still to be named
let running = false;
let stopping = false;
let done = 0; // of those that came since the last rest
let known = 0; // of them, those that were there already
let unreadable = 0; // and those that the browser cannot read any more
let shown = STEP;

// What went wrong, in one sentence.

const say = (error) => {
	if (error && !(error instanceof Refusal)) console.error(error);
	part.notice.textContent = !error
		? ""
		: error instanceof Refusal
			? error.message
			: "The browser could not do this; what is shown is kept. Please try once more.";
	part.notice.hidden = !error;
};

const attempt = async (work) => {
	say(null);
	try {
		return await work();
	} catch (error) {
		say(error);
	}
};

// The list, newest first.

const isWanted = (row) => !part.only.firstElementChild.checked || isDoubtful(row);
const itemOf = (row) => rowItem(row, change, remove);
const itemAt = (key) => [...part.list.children].find((item) => item.dataset.key === key);

const draw = () => {
	const wanted = [...store.rows.values()].filter(isWanted).reverse();
	part.list.replaceChildren(...wanted.slice(0, shown).map(itemOf));
	sumUp();
};

const sumUp = () => {
	const sum = tally(store.rows.values());
	const only = part.only.firstElementChild.checked;
	const open = part.summary.querySelector("details")?.open ?? false;
	part.summary.replaceChildren(...(store.rows.size ? summaryOf(sum) : []));
	const missing = part.summary.querySelector("details");
	if (missing) missing.open = open;
	for (const name of ["csv", "json"]) part[name].disabled = !store.rows.size;
	part.empty.disabled = running || !store.rows.size;
	part.only.hidden = !sum.doubtful && !only;
	const more = (only ? sum.doubtful : store.rows.size) - part.list.children.length;
	part.more.hidden = more <= 0;
	part.more.textContent = `Show ${Math.min(more, STEP)} more of ${more.toLocaleString("en")}`;
};

const change = (row) =>
	attempt(async () => {
		await store.put([row]);
		settle(itemAt(row.key), row);
		sumUp();
	});

const remove = (row) =>
	attempt(async () => {
		const item = itemAt(row.key);
		const next = item.nextElementSibling ?? item.previousElementSibling;
		await store.remove(row.key);
		draw();
		const focused = next && itemAt(next.dataset.key);
		(focused?.querySelector(".remove") ?? part.files).focus();
	});

// A row that was imported without its picture gets it as soon as the file comes.
const keep = async (row) => {
	const older = [...store.rows.values()].find((each) => !each.fingerprint && each.file === row.file);
	if (!older) {
		const [placed] = await store.put([row]);
		if (isWanted(placed)) part.list.prepend(itemOf(placed));
		if (part.list.children.length > shown) part.list.lastElementChild.remove();
		return;
	}
	const corrected = isByPerson(older) && row.species;
	const newer = corrected ? byPerson(row, older.species) : row;
	await store.put([{ ...newer, added: older.added }], older.key);
	draw();
};

// The server.

const model = () =>
	new URLSearchParams(document.querySelector("#collection-address a").search).get("model") ?? "";

// A server without a finder is not asked to look for cards.
const wantsCards = () => rules.cards && part.cards.firstElementChild.checked;

const SILENT = "The server did not answer; all that is shown is kept, and the rest can go on.";

const asked = async (path, options) => {
	const { root, api_prefix: prefix } = window.gradio_config;
	const answer = await fetch(`${root}${prefix}${path}`, options).catch(() => null);
	if ([429, 503].includes(answer?.status))
		throw new Refusal("The server is busy; please go on in a while.");
	if (!answer?.ok) throw new Refusal(SILENT);
	return answer;
};

// Where the pictures lie now. By these names nobody else has them, so they can be deleted; of a
// file that is too large the server is sent enough to tell so.
const uploaded = async (pictures) => {
	const form = new FormData();
	for (const { sent } of pictures)
		form.append("files", sent, `${Date.now()}${Math.random().toString(36).slice(2)}`);
	return (await asked("/upload", { method: "POST", body: form })).json();
};

// Their rows, with small pictures.
const named = async (pictures) => {
	const paths = await uploaded(pictures);
	const files = paths.map((path, place) => ({
		path,
		orig_name: pictures[place].name,
		meta: { _type: "gradio.FileData" },
	}));
	const call = {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify({ data: [files, model(), wantsCards()] }),
	};
	const { event_id: event } = await (await asked("/call/collect", call)).json();
	const told = await (await asked(`/call/collect/${event}`)).text().catch(() => "");
	const [, kind, data] = told.trim().match(/event: (\w+)\ndata: (.*)$/) ?? [];
	const found = kind ? JSON.parse(data) : null;
	if (kind !== "complete") throw new Refusal(found?.error ?? SILENT);
	return Promise.all(
		found[0].rows.map(async (row, place) => ({
			...row,
			key: row.fingerprint,
			thumbnail: row.problem ? "" : await smallCopy(pictures[place].file),
		})),
	);
};

// The work.

const tell = () => {
	const left = waiting.length;
	part.running.hidden = false;
	part.progress.max = done + left;
	part.progress.value = done;
	part.stop.textContent = running ? "Stop" : "Go on";
	part.stop.hidden = !left;
	part.stop.disabled = running && stopping;
	part.forget.hidden = running || !left;
	const whole = `${done.toLocaleString("en")} of ${counted(done + left, "picture")}`;
	const there = known ? `, ${known.toLocaleString("en")} of them there already` : "";
	const lost = unreadable ? `, ${unreadable.toLocaleString("en")} gone from the disk` : "";
	part.status.textContent = `${whole}${there}${lost}`;
};

const take = async (batch) => {
	const printed = (await Promise.all(batch.map(withFingerprint))).filter(Boolean);
	unreadable += batch.length - printed.length;
	const fresh = printed.filter(({ fingerprint }) => !store.rows.has(fingerprint));
	known += printed.length - fresh.length;
	for (const row of fresh.length ? await named(fresh) : []) {
		if (store.rows.has(row.key)) known++;
		else await keep(row);
	}
	waiting.splice(0, batch.length);
	done += batch.length;
};

const goOn = () =>
	attempt(async () => {
		if (running) return;
		running = true;
		stopping = false;
		try {
			while (waiting.length && !stopping) {
				tell();
				await take(waiting.slice(0, rules.batch));
				sumUp();
			}
		} finally {
			running = false;
			tell();
			sumUp();
			if (!waiting.length) done = known = unreadable = 0;
		}
	});

const add = (pictures) =>
	attempt(async () => {
		if (store.rows.size + waiting.length + pictures.length > rules.rows) {
			const most = rules.rows.toLocaleString("en");
			throw new Refusal(`A collection here has at most ${most} pictures, so none was added.`);
		}
		if (!pictures.length) throw new Refusal("There is no picture among these files.");
		waiting.push(...pictures);
		if (running) tell();
		else await goOn();
	});

// What a person does.

const chosen = (input, work) =>
	input.addEventListener("change", () => {
		const files = [...input.files];
		input.value = ""; // The same file can be chosen again.
		if (files.length) work(files);
	});

chosen(part.files, (files) => add(files.map((file) => ({ file, name: file.name }))));
chosen(part.directory, (files) => add(inFolder(files)));
chosen(part.table, ([file]) =>
	attempt(async () => {
		const fresh = newOnes(await rowsOfFile(file), store.rows);
		if (store.rows.size + fresh.length > rules.rows) throw new Refusal(TOO_MANY);
		await store.put(fresh);
		draw();
	}),
);
part.folder.hidden = !("webkitdirectory" in part.directory); // as on some phones
part.folder.addEventListener("click", () => part.directory.click());
part.import.addEventListener("click", () => part.table.click());
part.csv.addEventListener("click", () =>
	saved("collection.csv", "text/csv", asCsv([...store.rows.values()])),
);
part.json.addEventListener("click", () =>
	saved("collection.json", "application/json", asJson([...store.rows.values()])),
);
part.cards.hidden = !rules.cards;
part.cards.firstElementChild.checked = keptChoice("cards") !== "no";
part.cards.addEventListener("change", () => keepChoice("cards", wantsCards() ? "yes" : "no"));
part.stop.addEventListener("click", () => {
	if (!running) return goOn();
	stopping = true; // as soon as the batch is done that is on its way
	tell();
});
part.forget.addEventListener("click", () => {
	waiting.length = done = known = unreadable = 0;
	part.running.hidden = true;
	say(null);
});
part.only.addEventListener("change", () => {
	shown = STEP;
	draw();
});
part.more.addEventListener("click", () => {
	shown += STEP;
	draw();
});
part.empty.addEventListener("click", () => {
	const count = counted(store.rows.size, "picture");
	part.question.querySelector("p").textContent =
		`Empty the collection? Its ${count} will be gone from this browser, corrections included.`;
	part.question.returnValue = "";
	part.question.showModal();
});
part.question.addEventListener("close", () => {
	if (part.question.returnValue !== "empty") return;
	attempt(async () => {
		await store.empty();
		draw();
		part.files.focus();
	});
});

const over = (event) => {
	if (!event.dataTransfer?.types.includes("Files")) return;
	event.preventDefault();
	element.classList.toggle("over", event.type === "dragover");
};
for (const kind of ["dragover", "dragleave", "drop"]) element.addEventListener(kind, over);
element.addEventListener("drop", async (event) => add(await dropped(event.dataTransfer.items)));

// Another window has changed the collection.
let soon = 0;
const reread = async () => {
	soon = 0;
	if (running) return follow(); // These pictures come first.
	await attempt(() => store.read());
	draw();
};
const follow = () => {
	soon ||= setTimeout(reread, 500);
};
store.windows.addEventListener("message", follow);

await attempt(async () => {
	try {
		await store.open();
	} catch {
		throw new Refusal(
			"This browser keeps nothing for this page, as in some private windows: " +
				"export the collection before you leave.",
		);
	}
});
draw();
