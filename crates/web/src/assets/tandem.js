// Draws the figures, keeps the choice of light or dark, and sends forms that a choice completes.
"use strict";

(function () {
  const root = document.documentElement;

  // Light or dark: the reader's choice, else the system's.
  function chosenTheme() {
    try { return window.localStorage.getItem("tandem-theme"); } catch (_) { return null; }
  }
  const chosen = chosenTheme();
  if (chosen === "light" || chosen === "dark") { root.dataset.theme = chosen; }

  function isDark() {
    if (root.dataset.theme) { return root.dataset.theme === "dark"; }
    return window.matchMedia("(prefers-color-scheme: dark)").matches;
  }

  // "var(--agent)" in a figure stands for the colour of that name in the style sheet. Names out of the data
  // are shown as they are: plotly would read "<b>" and "&lt;" in them as markup. Templates are ours.
  function coloured(value, style) {
    if (typeof value === "string") {
      return value.startsWith("var(--") ? style.getPropertyValue(value.slice(4, -1)).trim() : value.replace(/&/g, "&amp;").replace(/</g, "&lt;");
    }
    if (Array.isArray(value)) { return value.map((one) => coloured(one, style)); }
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, name.endsWith("template") ? one : coloured(one, style)]));
    }
    return value;
  }

  function axis(own, style, isNarrow, width) {
    // Months stand upright: fewer of them are named where there is little room.
    const few = own && own.type === "category" && width ? { nticks: Math.max(3, Math.floor(width / 50)) } : {};
    const line = style.getPropertyValue("--line").trim();
    return Object.assign({ gridcolor: line, linecolor: line, zerolinecolor: line, automargin: true, fixedrange: false }, few, own,
      isNarrow ? { tickfont: { size: 10 } } : {});
  }

  // Long names of rows are broken over lines where there is little room.
  function narrowed(yaxis) {
    if (!yaxis || !yaxis.ticktext) { return; }
    yaxis.ticktext = yaxis.ticktext.map((text) => text.replace(/(.{8,16}?) /g, "$1<br>"));
  }

  // The paper's width in pixels is given where a chart is drawn for printing.
  function draw(element, paperWidth) {
    const source = element.parentElement.querySelector("script[data-chart-data]");
    if (!source || typeof Plotly === "undefined") { return; }
    const style = window.getComputedStyle(root);
    const figure = coloured(JSON.parse(source.textContent), style);
    const own = figure.layout;
    const isNarrow = !paperWidth && element.clientWidth < 480;
    const height = Number(element.dataset.height) || 340;
    for (const trace of figure.data) {
      if (trace.type === "heatmap") {
        trace.colorscale = [[0, style.getPropertyValue("--heat-low").trim()], [1, style.getPropertyValue("--heat-high").trim()]];
        trace.xgap = 2; trace.ygap = 2; trace.hoverongaps = true;
        trace.colorbar = { thickness: 10, ticksuffix: " %", outlinewidth: 0 };
        trace.showscale = !isNarrow;
        if (!isNarrow) { trace.texttemplate = "%{z:.0f}"; trace.textfont = { size: 11 }; }
        if (trace.name === "too few") {
          const grey = style.getPropertyValue("--unknown").trim();
          trace.colorscale = [[0, grey], [1, grey]]; trace.showscale = false; trace.texttemplate = "";
        }
      }
    }
    if (isNarrow) {
      narrowed(own.yaxis);
      for (const one of [own.xaxis, own.yaxis]) {
        if (one && one.title && one.title.text) { one.title = { text: one.title.text.replace(" (", "<br>("), font: { size: 11 } }; }
      }
    }
    const layout = Object.assign({}, own, {
      height: isNarrow ? height + 60 : height, width: paperWidth,
      margin: { l: 8, r: 12, t: 12, b: 8 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: window.getComputedStyle(document.body).fontFamily, size: 12.5, color: style.getPropertyValue("--ink").trim() },
      hoverlabel: { bgcolor: style.getPropertyValue("--card").trim(), bordercolor: style.getPropertyValue("--line").trim(), font: { color: style.getPropertyValue("--ink").trim() } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: style.getPropertyValue("--muted").trim(), activecolor: style.getPropertyValue("--ink").trim() },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", xanchor: "left", traceorder: "normal" },
      xaxis: axis(own.xaxis, style, isNarrow, element.clientWidth - 90), yaxis: axis(own.yaxis, style, isNarrow),
    });
    if (own.yaxis2) { layout.yaxis2 = Object.assign(axis(own.yaxis2, style, isNarrow), { showgrid: false }); layout.margin.r = 40; }
    const config = {
      responsive: !paperWidth, displaylogo: false, displayModeBar: isNarrow ? false : "hover",
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
      toImageButtonOptions: { format: "png", scale: 2, filename: element.closest("figure").id },
    };
    Plotly.react(element, figure.data, layout, config).then(function () { element.dataset.drawn = "yes"; });
  }

  // Far charts are drawn when they come near: a page with many of them is readable at once.
  const near = "IntersectionObserver" in window
    ? new IntersectionObserver(function (entries) {
      for (const entry of entries) { if (entry.isIntersecting) { near.unobserve(entry.target); draw(entry.target); } }
    }, { rootMargin: "600px" }) : null;

  function drawAll() {
    for (const element of document.querySelectorAll("[data-chart]")) {
      if (near && !element.dataset.drawn) { near.observe(element); } else { draw(element); }
    }
  }

  function redrawDrawn() {
    for (const element of document.querySelectorAll("[data-chart][data-drawn]")) { draw(element); }
  }

  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      try { window.localStorage.setItem("tandem-theme", root.dataset.theme); } catch (_) { /* not kept */ }
      redrawDrawn();
    });
  }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawDrawn);

  // On paper every chart is drawn, as wide as a sheet of A4 has room for; tables that fill a page of
  // their own stay closed.
  window.addEventListener("beforeprint", function () {
    for (const element of document.querySelectorAll("[data-chart]")) { draw(element, 640); }
    for (const details of document.querySelectorAll("details.numbers:not([open])")) {
      if (details.querySelectorAll("tbody tr").length <= 40) { details.open = true; details.dataset.opened = "yes"; }
    }
  });
  window.addEventListener("afterprint", function () {
    for (const details of document.querySelectorAll("details[data-opened]")) { details.open = false; delete details.dataset.opened; }
    redrawDrawn();
  });

  for (const select of document.querySelectorAll("select[data-goes]")) {
    select.addEventListener("change", function () { select.form.requestSubmit(); });
  }

  for (const time of document.querySelectorAll("time[data-age]")) {
    const minutes = Math.round((Date.now() - Date.parse(time.dateTime)) / 60000);
    const age = minutes < 2 ? "just now" : minutes < 90 ? minutes + " minutes ago"
      : minutes < 2880 ? Math.round(minutes / 60) + " hours ago" : Math.round(minutes / 1440) + " days ago";
    time.insertAdjacentText("afterend", " (" + age + ")");
  }
  // A part of a page that moves: the server sends it anew whenever it changed. What is open stays open.
  function follow(element) {
    if (typeof EventSource === "undefined") { return; }
    const source = new EventSource(element.dataset.live);
    source.addEventListener("fragment", function (event) {
      const open = Array.from(element.querySelectorAll("details")).map((one) => one.open);
      const scrolled = Array.from(element.querySelectorAll(".table-wrap")).map((one) => one.scrollLeft);
      element.innerHTML = event.data;
      element.querySelectorAll("details").forEach((one, index) => { if (open[index]) { one.open = true; } });
      element.querySelectorAll(".table-wrap").forEach((one, index) => { one.scrollLeft = scrolled[index] || 0; });
      element.dataset.moves = String(Number(element.dataset.moves || "0") + 1);
    });
    source.addEventListener("end", function () { source.close(); window.location.reload(); });
    source.addEventListener("error", function () {
      // The browser comes again by itself where the connection broke, but not where it was refused.
      if (source.readyState === EventSource.CLOSED) { window.setTimeout(function () { window.location.reload(); }, 15000); }
    });
  }
  for (const element of document.querySelectorAll("[data-live]")) { follow(element); }

  drawAll();
})();
