"""The dashboard in the browser, one file per tab; only here is gradio imported."""
