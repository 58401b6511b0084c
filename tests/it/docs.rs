//! The pages of `docs/`: what they show is tried out, their manifests are clean, and links lead somewhere.
//!
//! Links over https are not followed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::support::pages::{Reader, is_manifest};
use crate::support::program::toolrun;
use crate::support::{golden, workspace};

#[test]
fn pages_show_what_their_reader_gets() {
    let pages = tried();
    assert!(pages.len() >= 9, "{} pages", pages.len());
    let complaints: Vec<String> = pages
        .iter()
        .filter_map(|page| Reader::start().read(page))
        .collect();
    golden::none(&complaints);
}

/// The pages that say what each of their blocks is for.
fn tried() -> Vec<PathBuf> {
    let root = workspace();
    let inside = |path: &PathBuf| {
        let path = path.strip_prefix(&root).expect("a page of the workspace");
        path == Path::new("docs/guide.md") || path.starts_with("docs/cookbook")
    };
    pages().into_iter().filter(inside).collect()
}

/// Every page of the repository, tests' own left out.
fn pages() -> Vec<PathBuf> {
    let root = workspace();
    let entries = fs::read_dir(&root).expect("the workspace").flatten();
    let mut pages: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| is_page(path))
        .collect();
    for folder in ["docs", "examples", "manifests"] {
        below(&root.join(folder), &mut pages);
    }
    pages.sort();
    pages
}

fn is_page(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|ending| ending == "md")
}

fn below(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            below(&path, pages);
        } else if is_page(&path) {
            pages.push(path);
        }
    }
}

/// A page's blocks: the line that each begins on, the words behind its fence, and its text.
fn blocks(page: &str) -> Vec<(usize, &str, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, &str, String)> = None;
    for (number, line) in (1..).zip(page.lines()) {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(words), None) => open = Some((number, words, String::new())),
            (None, Some((_, _, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is never closed");
    blocks
}

#[test]
fn manifests_on_pages_are_clean() {
    let mut seen = 0;
    // The reference shows bad examples on purpose; where it is made from, they are tests.
    let reference = workspace().join("docs/reference");
    for path in pages().into_iter().filter(|path| !path.starts_with(&reference)) {
        let text = fs::read_to_string(&path).expect("a page");
        for (line, words, block) in blocks(&text) {
            let whole = words.starts_with("yaml") && is_manifest(&block) && !block.contains("include:");
            if whole {
                let ended = toolrun("check --deny warnings -").stdin(&block).run();
                let place = format!("{}:{line}", path.display());
                assert_eq!(ended.code, Some(0), "{place}\n{}", ended.stderr);
                seen += 1;
            }
        }
    }
    assert!(seen >= 15, "only {seen} manifests");
}

#[test]
fn pages_that_are_tried_say_what_each_block_is() {
    for path in tried() {
        let text = fs::read_to_string(&path).expect("a page");
        for (line, words, _) in blocks(&text) {
            let words: Vec<&str> = words.split(' ').collect();
            let known = matches!(
                words[..],
                ["console" | "sh" | "text"] | ["yaml", "write" | "append" | "part", _]
            );
            assert!(
                known,
                "{}:{line}: a block of `{}`",
                path.display(),
                words.join(" ")
            );
        }
    }
}

#[test]
fn links_lead_somewhere() {
    let pages: BTreeMap<PathBuf, String> = pages()
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).expect("a page")))
        .collect();
    let anchors: BTreeMap<&PathBuf, BTreeSet<String>> =
        pages.iter().map(|(path, text)| (path, anchors(text))).collect();
    let (mut complaints, mut seen) = (Vec::new(), 0);
    for (path, text) in &pages {
        for (line, target) in links(text) {
            seen += 1;
            let wrong = leads_nowhere(path, &target, &anchors);
            complaints.extend(wrong.map(|why| format!("{}:{line}: `{target}` {why}", path.display())));
        }
    }
    assert!(seen >= 60, "only {seen} links");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn leads_nowhere(
    page: &Path,
    target: &str,
    anchors: &BTreeMap<&PathBuf, BTreeSet<String>>,
) -> Option<String> {
    if target.starts_with("https://") {
        return None;
    }
    if target.contains("://") || target.starts_with("mailto:") || target.starts_with('/') {
        return Some("is neither https nor within the repository".to_owned());
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() {
        page.to_owned()
    } else {
        plain(&page.parent().expect("a folder").join(file))
    };
    if !path.starts_with(workspace()) || !path.exists() {
        return Some("is not in the repository".to_owned());
    }
    let path = if path.is_dir() {
        path.join("README.md")
    } else {
        path
    };
    let found = anchor.is_empty() || anchors.get(&path).is_some_and(|known| known.contains(anchor));
    (!found).then(|| format!("names no heading of {}", path.display()))
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

/// The targets of a page's links with their lines, code left out.
fn links(page: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(page) {
        let line = without_code(line);
        let mut rest = line.as_str();
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let end = rest.find(')').unwrap_or(rest.len());
            links.push((number, rest[..end].to_owned()));
        }
    }
    links
}

/// The lines of a page outside its blocks.
fn prose(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    (1..).zip(page.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// A line without what stands between backticks. Code within a link's text goes too, the link stays.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// What a link may name of a page: ids that are written, and headings as GitHub calls them, with small letters,
/// digits, `-` and `_`, blanks as `-`, and a number behind what was there before.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut anchors: BTreeSet<String> = prose(page).flat_map(|(_, line)| ids(line)).collect();
    let headings = prose(page).filter_map(|(_, line)| {
        let text = line.trim_start_matches('#');
        let depth = line.len() - text.len();
        ((1..=6).contains(&depth) && text.starts_with(' ')).then(|| text.trim())
    });
    for heading in headings {
        let slug: String = visible(heading)
            .to_lowercase()
            .chars()
            .filter_map(|c| match c {
                ' ' => Some('-'),
                '-' | '_' => Some(c),
                c => c.is_alphanumeric().then_some(c),
            })
            .collect();
        let more = (1..).map(|number| format!("{slug}-{number}"));
        let free = std::iter::once(slug.clone())
            .chain(more)
            .find(|name| !anchors.contains(name));
        anchors.extend(free);
    }
    anchors
}

/// The ids of `<a id="…">` in a line.
fn ids(line: &str) -> Vec<String> {
    let behind = line.split("<a id=\"").skip(1);
    behind
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

/// A heading without the targets of its links.
fn visible(heading: &str) -> String {
    let mut shown = String::new();
    let mut rest = heading;
    while let Some((before, after)) = rest.split_once("](") {
        shown.push_str(before);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    shown + rest
}

#[test]
fn headings_are_named_as_on_github() {
    let page = "# Keys & `auth:` kinds\n## Error_if\n```\n# no heading\n```\n## See [this](x.md)!\n## Same\n## Same\n#tag\n<a id=\"api.auth\"></a>`auth`\n";
    let expected = [
        "api.auth",
        "error_if",
        "keys--auth-kinds",
        "same",
        "same-1",
        "see-this",
    ];
    assert_eq!(
        anchors(page).iter().collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>()
    );
}

#[test]
fn links_are_found_outside_code() {
    let page = "See [a](b.md#c), [`d`](e.md) and `[f](g)`.\n```\n[h](i)\n```\n[j](https://k.example)\n";
    let expected = [(1, "b.md#c"), (1, "e.md"), (5, "https://k.example")];
    let expected: Vec<(usize, String)> = expected.map(|(line, target)| (line, target.to_owned())).into();
    assert_eq!(links(page), expected);
}
