// Draws the chart of every figure of the page. `ast` interprets expressions, so that the page can forbid eval.
const figures = [...document.querySelectorAll("figure.chart")];
const drawn = figures.map((figure) => {
  const spec = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const options = { renderer: "svg", actions: false, ast: true, defaultStyle: false };
  return vegaEmbed(figure.querySelector(".plot"), spec, options);
});
Promise.all(drawn).then(
  () => { document.documentElement.dataset.charts = "drawn"; },
  (error) => { document.documentElement.dataset.charts = "failed"; console.error(error); },
);
// A closed table would be missing on paper.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details.print:not([open])")];
  for (const each of closed) each.open = true;
});
addEventListener("afterprint", () => { for (const each of closed) each.open = false; });
