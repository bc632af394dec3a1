"""The style sheet of a report."""

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2433; background: #f5f6f8; margin: 0 }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem }
header, section { background: #fff; border: 1px solid #e2e5ea; border-radius: 8px;
  padding: 1rem 1.4rem; margin-bottom: 1rem }
h1 { margin: 0 0 .4rem } h2 { margin: 0 0 .6rem; font-size: 1.15rem }
a { color: #0b5fa5 }
img { max-width: 100%; height: auto; display: block; margin: .6rem 0 }
pre { background: #f8f9fb; border-radius: 6px; padding: .8rem; overflow-x: auto; font-size: 13px }
table { border-collapse: collapse; font-size: 13.5px; margin: .4rem 0 }
td, th { padding: .2rem .7rem; border-bottom: 1px solid #edeff2; text-align: left;
  vertical-align: top }
th { color: #5a6475; font-weight: 600 }
summary { cursor: pointer; color: #5a6475; margin: .3rem 0 }
details { overflow-x: auto }
.comment { color: #6a7484; font-style: italic } .keyword { color: #7a2ea0; font-weight: 600 }
.type { color: #0b5fa5 } .number { color: #a3490b } .string { color: #1d7a3c }
"""
