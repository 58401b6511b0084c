//! `toolrun schema`: what it prints is what lies in the repository, and what manifests point at.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::golden;
use crate::support::program::toolrun;
use crate::support::workspace;

/// Where the schema of manifests lies.
fn kept() -> PathBuf {
    workspace().join("manifests/toolrun.schema.json")
}

#[test]
fn the_schema_in_the_repository_is_the_one_that_is_printed() {
    let printed = toolrun("schema").run().exits(0);
    golden::none(
        &golden::compare(&kept(), &printed.stdout)
            .into_iter()
            .collect::<Vec<_>>(),
    );
    let named = toolrun("schema manifest").run().exits(0);
    named.prints(&printed.stdout);
}

#[test]
fn the_schema_is_one_that_editors_know() {
    let schema = toolrun("schema").run().exits(0).json();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert!(jsonschema::draft7::meta::is_valid(&schema));
    let validator = jsonschema::draft7::new(&schema).expect("a valid schema");
    for (manifest, fits) in [
        (serde_json::json!({ "toolrun": 1 }), true),
        (serde_json::json!({ "toolrun": 1, "tols": {} }), false),
        (serde_json::json!({ "toolrun": 1, "x-note": 1 }), true),
    ] {
        assert_eq!(validator.is_valid(&manifest), fits, "{manifest}");
    }
    let method = &schema["definitions"]["tool"]["properties"]["method"];
    assert_eq!(method["description"], "The HTTP method; GET when absent.");
    assert_eq!(method["default"], "GET");
}

/// The first line of every manifest that people copy names the schema, for editors.
#[test]
fn manifests_name_the_schema_in_their_first_line() {
    let examples = fs::read_dir(workspace().join("examples")).expect("the examples");
    let examples = examples.flatten().map(|entry| entry.path().join("manifest.yaml"));
    let shipped = fs::read_dir(workspace().join("manifests")).expect("the manifests");
    let shipped = shipped.flatten().map(|entry| entry.path());
    let manifests: Vec<PathBuf> = examples
        .chain(shipped)
        .filter(|path| path.is_file() && path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    assert!(manifests.len() > 10, "{}", manifests.len());
    for path in manifests {
        let text = fs::read_to_string(&path).expect("a manifest");
        let first = text.lines().next().unwrap_or_default();
        let named = first.strip_prefix("# yaml-language-server: $schema=");
        let folder = path.parent().unwrap_or(Path::new(""));
        let found = named.and_then(|named| folder.join(named).canonicalize().ok());
        assert_eq!(
            found,
            kept().canonicalize().ok(),
            "start {} with `# yaml-language-server: $schema=` and the way to manifests/toolrun.schema.json",
            path.display()
        );
    }
}
