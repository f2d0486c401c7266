// Tables in a `.filtered` block get a search field, and a choice for each column that `data-choices` names.
// Without this script they are plain tables.
document.querySelectorAll(".filtered").forEach((block) => {
  const words = (text) => text.toLowerCase().match(/[a-z_]{2,}/g) || [];
  const rows = [...block.querySelectorAll("tbody tr")].map((row) => ({
    row,
    cells: [...row.cells].map((c) => c.textContent.trim()),
    // a row with several messages is searched message by message
    texts: [...row.querySelectorAll("code"), row].map((e) => e.textContent.toLowerCase()),
  }));
  const heads = [...block.querySelectorAll("thead th")].map((h) => h.textContent.trim());
  const bar = document.createElement("form");
  bar.className = "filter";
  bar.addEventListener("submit", (event) => event.preventDefault());
  const field = Object.assign(document.createElement("input"), { type: "search", placeholder: "Search this table" });
  field.setAttribute("aria-label", "Search this table");
  const choices = (block.dataset.choices || "").split(" ").filter(Boolean).map((name) => {
    const column = heads.indexOf(name);
    const select = document.createElement("select");
    select.setAttribute("aria-label", name);
    select.add(new Option(`any ${name}`, ""));
    [...new Set(rows.map((r) => r.cells[column]))].forEach((value) => select.add(new Option(value, value)));
    return { column, select };
  });
  const count = document.createElement("output");
  bar.append(field, ...choices.map((c) => c.select), count);
  block.prepend(bar);

  // All that was typed is in the text; or, of a whole message that was pasted, most of what the text says is in it.
  const fits = (text, asked) => {
    if (asked.every((w) => text.includes(w))) return true;
    const own = words(text);
    return own.length > 1 && asked.length > 4 && own.filter((w) => asked.includes(w)).length >= 0.7 * own.length;
  };
  const show = () => {
    const asked = words(field.value);
    let shown = 0;
    rows.forEach(({ row, cells, texts }) => {
      const chosen = choices.every((c) => !c.select.value || cells[c.column] === c.select.value);
      row.hidden = !(chosen && texts.some((t) => fits(t, asked)));
      shown += !row.hidden;
    });
    count.textContent = `${shown} of ${rows.length}`;
  };
  bar.addEventListener("input", show);
  // ?q=... can be linked to
  field.value = new URLSearchParams(location.search).get("q") || "";
  show();
});
