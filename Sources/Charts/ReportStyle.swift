import Text

/// How a report looks: on a screen of any width, in light and dark, and on paper.
enum ReportStyle {
  static let css = """
    :root {
      color-scheme: light dark;
      --page: #fcfcfb; --card: #ffffff; --ink: #1c1d21; --soft: #5c606b; --line: #dcdee3;
      --outline: #999999; --blue: #0057d9; --red: #d7191c;
      --hit: 20 80 170; --miss: 204 90 0;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #15171b; --card: #1d2026; --ink: #e8e9ec; --soft: #a3a8b3; --line: #363b45;
        --outline: #6b7280; --blue: #6ea8ff; --red: #ff7b72;
        --hit: 40 100 200; --miss: 176 84 10;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 62rem;
      background: var(--page); color: var(--ink);
      font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
      overflow-wrap: anywhere;
    }
    h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; text-wrap: balance; }
    h2 { margin: 2.5rem 0 .75rem; font-size: 1.25rem; }
    h3 { margin: 1.75rem 0 .5rem; font-size: 1.05rem; }
    p { margin: .5rem 0; }
    .soft, caption, figcaption { color: var(--soft); }
    .figures {
      display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem;
      margin: 1.25rem 0 0;
    }
    .figures div {
      display: flex; flex-direction: column; padding: .6rem .8rem;
      background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
    }
    .figures dt { color: var(--soft); font-size: .85rem; }
    .figures dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
    .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr));
      gap: 0 2rem; }
    .columns > * { min-width: 0; }
    .wide { overflow-x: auto; }
    pre { margin: .5rem 0; white-space: pre-wrap; font-size: .85rem; }
    table {
      border-collapse: collapse; width: 100%; max-width: 44rem; font-variant-numeric: tabular-nums;
    }
    caption { text-align: left; padding-bottom: .4rem; font-size: .9rem; }
    th, td {
      padding: .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top;
      text-align: left; font-weight: inherit; unicode-bidi: isolate;
    }
    thead th { color: var(--soft); font-size: .85rem; vertical-align: bottom; }
    .pairs th { width: 9rem; color: var(--soft); }
    .number { text-align: right; overflow-wrap: normal; }
    tfoot th, tfoot td { font-weight: 600; }
    .confusion { width: auto; }
    .confusion th, .confusion td { padding: .25rem .3rem; }
    .confusion thead th { text-align: center; overflow-wrap: normal; }
    .confusion.long span {
      display: inline-block; max-height: 9rem; overflow: hidden;
      writing-mode: vertical-rl; transform: rotate(180deg);
    }
    .confusion td {
      min-width: 2.6rem; text-align: center; border: 1px solid var(--page);
      overflow-wrap: normal;
      background: rgb(var(--hue) / var(--depth));
      print-color-adjust: exact; -webkit-print-color-adjust: exact;
    }
    .confusion .hit { --hue: var(--hit); }
    .confusion .miss { --hue: var(--miss); }
    .confusion .deep { color: #fff; }
    .confusion .zero { color: var(--soft); }
    figure { margin: .75rem 0; }
    figure svg {
      display: block; width: 100%; height: auto;
      background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
    }
    .grid .source { position: absolute; width: 0; height: 0; overflow: hidden; }
    .grid .cells {
      display: grid; grid-template-columns: repeat(auto-fill, minmax(min(16rem, 100%), 1fr));
      background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
    }
    .grid .cells svg { background: none; border: none; }
    figcaption { font-size: .9rem; padding-top: .3rem; }
    summary { cursor: pointer; padding: .4rem 0; }
    .note { padding: .6rem .8rem; border: 1px solid var(--line); border-left: .3rem solid
      rgb(var(--miss)); background: var(--card); }
    footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
    @media (max-width: 40rem) {
      body { padding-top: 1rem; }
      th, td { padding: .25rem; font-size: .82rem; }
      thead th { font-size: .75rem; }
      .confusion th, .confusion td { padding: .2rem .1rem; font-size: .68rem; min-width: 1.55rem; }
    }
    @media print {
      :root {
        color-scheme: light;
        --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb;
        --outline: #999999; --blue: #0057d9; --red: #d7191c;
        --hit: 20 80 170; --miss: 204 90 0;
      }
      @page { margin: 1.5cm; }
      body { max-width: none; padding: 0; font-size: 10pt; }
      h2, h3, caption { break-after: avoid; }
      figure, table, .figures { break-inside: avoid; }
      tfoot { display: table-row-group; }
      .figures { grid-template-columns: repeat(5, 1fr); }
      .columns { grid-template-columns: 1fr 1fr; }
      .grid .cells { grid-template-columns: repeat(3, 1fr); }
      details:not([open]) { display: none; }
    }
    """
}
