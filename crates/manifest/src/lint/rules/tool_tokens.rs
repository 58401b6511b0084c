//! Flags tools that are dear to offer.

use crate::lint::offer::offered;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "tool-tokens",
    group: Group::Cost,
    level: Level::Warn,
    docs: r#"Flags a tool whose name, description and params take more than 500 tokens, as estimated; `toolrun tools` shows the number for each.

Every turn of every run pays for every tool on offer, whether it is called or not. Most tools take 100 to 300 (Anthropic reckons with 200 to 400). What costs most are long lists of values, params that no model fills in, and descriptions that say everything twice.

Bad:

```yaml
toolrun: 1
tools:
  find_articles:
    description: Finds articles of the shop by any of their fields, newest first.
    params:
      words: { type: string, description: "Words of the title or the text of the article. All of them must occur, in any order and in any case; a word in quotes must occur exactly so, a word with a minus before it must not occur, and a star stands for any letters. Without words every article is found, which is hardly ever of use, so rather ask the user for some." }
      author: { type: string, description: "The author of the article as the shop writes it, that is the family name, a comma, a blank and the first names, all of them, or only their initials where the shop knows no more than these. The names of several authors are parted by a semicolon. A name that the shop does not know finds nothing; it does not look for similar ones." }
      maker: { type: string, description: "The maker of the article as the shop writes it, that is the full name of the company as it stands in the register, with its legal form at the end, but without its town. A name that the shop does not know finds nothing; it does not look for similar ones, nor for former names of a company." }
      place: { type: string, description: "Where the article is kept, as the shop writes it, that is the number of the store, a slash, the number of the shelf, a slash and the number of the place on the shelf, counted from the left and from the bottom, or only the first of these, or the first two, in which case every article that is kept there is found." }
      seller: { type: string, description: "Who sells the article, as the shop writes it, that is the full name of the company as it stands in the register, with its legal form at the end, but without its town, or the word shop in small letters for what the shop sells itself. A name that the shop does not know finds nothing; it does not look for similar ones." }
    url: https://shop.example/articles?q={{ words }}&author={{ author }}&maker={{ maker }}&place={{ place }}&seller={{ seller }}
```

Good:

```yaml
toolrun: 1
tools:
  find_articles:
    description: Finds articles of the shop by words of their title, newest first.
    params:
      words: { type: string, description: Words of the title; all of them must occur }
    url: https://shop.example/articles?q={{ words }}
```
"#,
    check,
};

/// What a tool may take.
const MOST: u64 = 500;

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for tool in offered(checked).iter().filter(|tool| tool.tokens > MOST) {
        findings
            .flag(
                tool.span,
                format!("tool `{}` takes about {} tokens of every turn", tool.name, tool.tokens),
            )
            .help(format!(
                "shorten its descriptions and lists of values to about {MOST}, make two tools of it, or leave it out of `agent: {{ tools: [ … ] }}`"
            ));
    }
}
