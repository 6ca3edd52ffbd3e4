() => {
	// Plotly names its clip paths by the page's address where there is a base; ours changes, and
	// charts would lose their lines.
	document.querySelector("base")?.remove();
	// Gradio gives every radio button a name of its own. With one name for each group the arrow
	// keys move within it, Tab leaves it, and its label is read out.
	const group = () => {
		for (const field of document.querySelectorAll("fieldset[id]")) {
			const label = field.querySelector("[data-testid=block-info]");
			if (label) field.setAttribute("aria-label", label.textContent.trim());
			for (const radio of field.querySelectorAll("input[type=radio]")) radio.name = field.id;
		}
	};
	// Gradio's tabs are reached with Tab alone; the arrow keys move among them, too.
	document.addEventListener("keydown", (event) => {
		const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
		const tab = event.target.closest("[role=tab]");
		if (!tab || !step) return;
		const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")];
		const seen = tabs.filter((each) => each.offsetParent);
		const next = seen[(seen.indexOf(tab) + step + seen.length) % seen.length];
		next.focus();
		next.click();
	});
	// On a phone the answer is below the screen, so the answer to a new picture is brought into
	// view, and so is a comparison as soon as it begins.
	const bring = (id) => {
		if (window.innerWidth >= 640) return;
		document.getElementById(id).scrollIntoView({ behavior: "smooth", block: "start" });
	};
	let seen = null;
	let comparing = false;
	const show = () => {
		const picture = document.querySelector("#seen img");
		if (picture && picture.src !== seen) {
			seen = picture.src;
			bring("verdict");
		}
		const began = document.querySelector("#compare-result progress") !== null;
		if (began && !comparing) bring("compare-result");
		comparing = began;
	};
	// Gradio tells by its size where a picture was clicked, and drops a click while another one that
	// comes in its place is loaded; until then it keeps its size.
	const keepSize = ({ target }) => {
		if (!target.matches?.(".image-frame img")) return;
		for (const side of ["naturalWidth", "naturalHeight"]) {
			delete target[side];
			Object.defineProperty(target, side, { value: target[side], configurable: true });
		}
	};
	document.addEventListener("load", keepSize, true);
	// A plot is a picture whose words stand above its table.
	const describe = () => {
		for (const chart of document.querySelectorAll(".chart .js-plotly-plot")) {
			chart.setAttribute("role", "img");
			chart.setAttribute("aria-labelledby", `${chart.closest(".chart").id}-words`);
		}
	};
	// Every view carries its address in a link, of which one is visible at a time. The browser's
	// address follows it; another tab is a step that Back undoes.
	const place = (query) => ["tab", "view"].map((name) => query.get(name) ?? "").join(" ");
	const shown = () => [...document.querySelectorAll("a.address")].find((each) => each.offsetParent);
	const isGradios = ([name]) => name.startsWith("__");
	let told = null;
	let here = null;
	let arriving = null;
	// What was chosen in a page goes when it is loaded again; its steps are known by their page.
	const page = performance.timeOrigin;
	const tell = () => {
		const link = shown();
		if (arriving || !link || link.search === told) return;
		told = link.search;
		const gradios = new URLSearchParams([...new URLSearchParams(location.search)].filter(isGradios));
		const there = place(new URLSearchParams(link.search));
		const step = here !== null && there !== here;
		const query = [link.search, gradios].filter(String).join("&");
		history[step ? "pushState" : "replaceState"]({ ...history.state, page }, "", query);
		here = there;
	};
	const addressed = () => new URLSearchParams(shown()?.search);
	const soon = async (holds) => {
		for (let tries = 0; tries < 20 && !holds(); tries++)
			await new Promise((done) => setTimeout(done, 100));
	};
	window.addEventListener("popstate", async (event) => {
		// Gradio forgets the page with its settings. Of another page, the address tells the choices.
		if ((event.state?.page ?? page) !== page) return location.reload();
		const query = new URLSearchParams(location.search);
		const step = (arriving = {});
		here = place(query);
		for (const name of ["tab", "view"]) {
			const arrived = () => addressed().get(name) === query.get(name);
			const button = document.getElementById(`${name}-${query.get(name)}-button`);
			if (arrived() || !button) continue;
			button.click();
			await soon(arrived);
			if (arriving !== step) return; // another step was made meanwhile
		}
		arriving = null;
		// A part may be hidden in the menu of further ones, or show other choices by now. Nothing is
		// lost by loading it where there is no upload.
		const asked = new URLSearchParams([...query].filter((each) => !isGradios(each)));
		const kept = String(addressed()) === String(asked);
		if (!kept && ["experiments", "data"].includes(query.get("tab"))) location.reload();
		else tell();
	});
	document.addEventListener("click", async (event) => {
		const link = event.target.closest("a.address");
		if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
		event.preventDefault();
		const words = link.textContent;
		try {
			await navigator.clipboard.writeText(link.href);
			link.textContent = "Copied";
			setTimeout(() => (link.textContent = words), 2000);
		} catch {
			link.textContent = link.href; // to be copied by hand
		}
	});
	// Plotly takes a second to start: it does so while nobody waits for it, not with the first chart.
	const charts = document.querySelector("meta[name=charts]");
	const idle = window.requestIdleCallback ?? ((call) => setTimeout(call, 1000));
	if (charts && !navigator.connection?.saveData)
		setTimeout(() => idle(() => import(new URL(charts.content, location)).catch(() => {})), 1000);
	let pending = 0; // An answer changes many things one after the other, a progress bar all the time.
	const follow = () => {
		pending ||= setTimeout(() => {
			pending = 0;
			tell();
		}, 100);
	};
	const look = () => {
		group();
		describe();
		show();
	};
	const watch = (what, attributes) =>
		new MutationObserver(what).observe(document.body, {
			attributeFilter: attributes,
			childList: true,
			subtree: true,
		});
	watch(look, ["src"]);
	watch(follow, ["href", "style", "class"]);
	look();
	// Gradio measures the tabs once, which may be before our style sheet makes them smaller.
	const tab = document.querySelector("#tabs [role=tab]");
	if (tab) new ResizeObserver(() => window.dispatchEvent(new Event("resize"))).observe(tab);
}
