// Where the collection lies: in the browser's own database, one record a picture. The simpler
// localStorage holds some five million characters in all and is written as a whole.

// A choice is one word, which some private windows do not keep either.
const keptChoice = (name) => {
	try {
		return localStorage.getItem(`pokeclf-${name}`);
	} catch {
		return null;
	}
};

const keepChoice = (name, word) => {
	try {
		localStorage.setItem(`pokeclf-${name}`, word);
	} catch {
		// It holds until the page is left.
	}
};

// A sentence for the person; any other error is a defect or the network.
class Refusal extends Error {}

const FULL =
	"This browser has no room for more, so what comes next was not added; all that is shown is kept. " +
	"Remove some pictures, or export the collection and empty it.";

const opened = () =>
	new Promise((resolve, reject) => {
		const opening = indexedDB.open("pokeclf", 1);
		opening.onupgradeneeded = () => opening.result.createObjectStore("rows", { keyPath: "key" });
		opening.onsuccess = () => resolve(opening.result);
		opening.onerror = () => reject(opening.error);
	});

// The records by their keys, oldest first, in the database and in memory.
class Store {
	constructor() {
		this.rows = new Map();
		this.database = null; // Some private windows have none.
		this.last = 0;
		this.windows = new BroadcastChannel("pokeclf-rows"); // others that show the same
	}

	async open() {
		this.database = await opened();
		await this.read();
	}

	async read() {
		const found = await this.within("readonly", (records) => records.getAll());
		found.sort((one, other) => one.added - other.added);
		this.rows = new Map(found.map((row) => [row.key, row]));
		this.last = found.at(-1)?.added ?? 0;
	}

	async change(work) {
		await this.within("readwrite", work);
		this.windows.postMessage("changed");
	}

	// All that is done in one transaction is kept, or nothing of it.
	within(mode, work) {
		return new Promise((resolve, reject) => {
			if (!this.database) return resolve();
			const transaction = this.database.transaction("rows", mode);
			const request = work(transaction.objectStore("rows"));
			transaction.oncomplete = () => resolve(request?.result);
			transaction.onabort = () => {
				const full = transaction.error?.name === "QuotaExceededError";
				reject(full ? new Refusal(FULL) : transaction.error);
			};
		});
	}

	// Add rows, or replace those of the same keys where they stand; `gone` is a key that goes.
	async put(rows, gone = null) {
		let last = this.last;
		const placed = rows.map((row) => ({ ...row, added: row.added ?? ++last }));
		await this.change((records) => {
			if (gone !== null) records.delete(gone);
			for (const row of placed) records.put(row);
		});
		this.last = last;
		if (gone !== null) this.rows.delete(gone);
		for (const row of placed) this.rows.set(row.key, row);
		return placed;
	}

	async remove(key) {
		await this.change((records) => records.delete(key));
		this.rows.delete(key);
	}

	async empty() {
		await this.change((records) => records.clear());
		this.rows.clear();
	}
}
