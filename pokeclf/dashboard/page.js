() => {
	// Gradio gives every radio button a name of its own. With one name for each group the arrow
	// keys move within it, Tab leaves it, and its label is read out.
	const group = () => {
		for (const field of document.querySelectorAll("fieldset[id]")) {
			const label = field.querySelector("[data-testid=block-info]");
			if (label) field.setAttribute("aria-label", label.textContent.trim());
			for (const radio of field.querySelectorAll("input[type=radio]")) radio.name = field.id;
		}
	};
	// On a phone the answer is below the screen, so the answer to a new picture is brought into view.
	let seen = null;
	const show = () => {
		const picture = document.querySelector("#seen img");
		if (!picture || picture.src === seen) return;
		seen = picture.src;
		const verdict = document.getElementById("verdict");
		if (window.innerWidth < 640) verdict.scrollIntoView({ behavior: "smooth", block: "start" });
	};
	// A plot is a picture whose words stand above its table.
	const describe = () => {
		for (const chart of document.querySelectorAll(".chart .js-plotly-plot")) {
			chart.setAttribute("role", "img");
			chart.setAttribute("aria-labelledby", `${chart.closest(".chart").id}-words`);
		}
	};
	const look = () => {
		group();
		describe();
		show();
	};
	new MutationObserver(look).observe(document.body, {
		attributeFilter: ["src"],
		childList: true,
		subtree: true,
	});
	look();
	// Gradio measures the tabs once, which may be before our style sheet makes them smaller.
	const tab = document.querySelector("#tabs [role=tab]");
	if (tab) new ResizeObserver(() => window.dispatchEvent(new Event("resize"))).observe(tab);
}
