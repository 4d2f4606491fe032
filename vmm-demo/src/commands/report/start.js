// The start, when every part is there.

function start() {
  const matrix = new Grid($("matrix"), matrixParts());
  const named = new Grid($("named"), namedParts());
  const models = data.models.map((_, position) => position);
  const showNamed = whileNear($("models"), (rows) => named.show(rows, models));
  const show = () => {
    const { rows, columns } = filtered();
    matrix.show(rows, columns);
    $("no-cells").hidden = rows.length > 0 && columns.length > 0;
    sayCounts({ rows, columns });
    showLimits(columns);
    showForms(rows);
    showNamed(rows);
  };
  startTheme();
  startFilters(show);
  showLegend();
  show();
  showCurve();
  showSteps();
  startPrint();
  addEventListener("resize", showCurve);
}

start();
