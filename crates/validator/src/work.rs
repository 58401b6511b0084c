//! How much work a schema can make, told before anything is validated: what
//! its patterns take to compile, and how often `$ref`, `allOf` and the like
//! multiply when a value of some depth is checked. The validator itself has no
//! such bound, and thirty lines of a schema can ask for a billion steps.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// The deepest value that is foreseen; deeper ones are counted like it.
const DEEPEST: usize = 64;
/// Steps of one check beyond which it is not begun.
const MOST_STEPS: u64 = 2_000_000;
/// Values in one schema.
const MOST_VALUES: usize = 10_000;
/// Bytes of one `pattern`.
const LONGEST_PATTERN: usize = 2_000;
/// Backslashes in one `pattern`, each of which is translated by itself.
const MOST_ESCAPES: usize = 200;
/// Bytes of all patterns of a schema.
const MOST_PATTERN_BYTES: usize = 40_000;

/// Steps to check a value, by its depth.
#[derive(Debug, Clone)]
pub(crate) struct Work(Vec<u64>);

impl Work {
    /// Foresees the work of a schema, or says where and why it is too much.
    pub(crate) fn of(schema: &Value) -> Result<Self, (String, &'static str)> {
        patterns(schema)?;
        if count(schema) > MOST_VALUES {
            return Err((String::new(), "it has more than 10000 values"));
        }
        let mut steps = Steps {
            root: schema,
            anchors: HashMap::new(),
            known: HashMap::new(),
        };
        steps.find_anchors(schema);
        let by_depth = steps.by_depth();
        if by_depth[1] > MOST_STEPS {
            return Err((
                String::new(),
                "its references multiply: checking one value would take millions of steps",
            ));
        }
        Ok(Self(by_depth))
    }

    /// Whether a value can be checked in bounded time.
    pub(crate) fn allows(&self, value: &Value) -> bool {
        let depth = depth(value).min(DEEPEST);
        let size = u64::try_from(count(value)).unwrap_or(u64::MAX);
        // A schema without repetition takes a step for each keyword and part,
        // however large the value.
        self.0[depth].saturating_mul(size) <= MOST_STEPS.saturating_mul(50) || self.0[depth] <= 10_000
    }
}

/// Keywords whose schemas look at the same value.
const BESIDE: &[&str] = &["allOf", "anyOf", "oneOf"];
const BESIDE_ONE: &[&str] = &["not", "if", "then", "else"];
/// Keywords whose schemas look at parts of the value.
const BELOW: &[&str] = &["prefixItems"];
const BELOW_ONE: &[&str] = &[
    "additionalProperties",
    "contains",
    "items",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const BELOW_NAMED: &[&str] = &["properties", "patternProperties"];

struct Steps<'s> {
    root: &'s Value,
    anchors: HashMap<&'s str, &'s Value>,
    /// By address and depth; none while it is being counted: a reference that
    /// comes back to the same value ends there.
    known: HashMap<(*const Value, usize), Option<u64>>,
}

impl<'s> Steps<'s> {
    fn find_anchors(&mut self, schema: &'s Value) {
        match schema {
            Value::Object(map) => {
                for (key, value) in map {
                    if let ("$anchor" | "$dynamicAnchor", Value::String(name)) = (key.as_str(), value) {
                        self.anchors.insert(name, schema);
                    }
                    self.find_anchors(value);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.find_anchors(item)),
            _ => {}
        }
    }

    /// The steps for each depth of a value.
    fn by_depth(&mut self) -> Vec<u64> {
        let root = self.root;
        let repeats = refers(root);
        let mut steps: Vec<u64> = Vec::with_capacity(DEEPEST + 1);
        for depth in 0..=DEEPEST {
            let next = match steps.as_slice() {
                // Without references a schema that looks at nothing deeper
                // than the last depth looks at nothing below it either.
                [.., before, last] if !repeats && before == last => *last,
                _ => self.of(root, depth),
            };
            steps.push(next);
        }
        steps
    }

    fn of(&mut self, schema: &'s Value, depth: usize) -> u64 {
        let Value::Object(map) = schema else { return 1 };
        let key = (std::ptr::from_ref(schema), depth);
        if let Some(known) = self.known.get(&key) {
            return known.unwrap_or(1);
        }
        self.known.insert(key, None);
        let mut steps = 1u64.saturating_add(self.beside(map, depth));
        if let Some(below) = depth.checked_sub(1) {
            steps = steps.saturating_add(self.below(map, below));
        }
        self.known.insert(key, Some(steps));
        steps
    }

    fn beside(&mut self, map: &'s Map<String, Value>, depth: usize) -> u64 {
        let lists = BESIDE
            .iter()
            .filter_map(|key| map.get(*key)?.as_array())
            .flatten();
        let single = BESIDE_ONE.iter().filter_map(|key| map.get(*key));
        let named = map.get("dependentSchemas").and_then(Value::as_object);
        let targets = ["$ref", "$dynamicRef"].map(|key| self.target(map.get(key)));
        let all: Vec<&'s Value> = lists
            .chain(single)
            .chain(named.into_iter().flat_map(Map::values))
            .chain(targets.into_iter().flatten())
            .collect();
        self.sum(&all, depth)
    }

    fn below(&mut self, map: &'s Map<String, Value>, depth: usize) -> u64 {
        let lists = BELOW.iter().filter_map(|key| map.get(*key)?.as_array()).flatten();
        let single = BELOW_ONE.iter().filter_map(|key| map.get(*key));
        let named = BELOW_NAMED.iter().filter_map(|key| map.get(*key)?.as_object());
        let all: Vec<&'s Value> = lists.chain(single).chain(named.flat_map(Map::values)).collect();
        self.sum(&all, depth)
    }

    fn sum(&mut self, schemas: &[&'s Value], depth: usize) -> u64 {
        schemas
            .iter()
            .fold(0, |sum: u64, schema| sum.saturating_add(self.of(schema, depth)))
    }

    fn target(&self, reference: Option<&'s Value>) -> Option<&'s Value> {
        let fragment = reference?.as_str()?.strip_prefix('#')?;
        if fragment.is_empty() || fragment.starts_with('/') {
            return self.root.pointer(fragment);
        }
        self.anchors.get(fragment).copied()
    }
}

/// Whether anything in a schema could lead to another part of it.
fn refers(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            map.contains_key("$ref") || map.contains_key("$dynamicRef") || map.values().any(refers)
        }
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}

fn patterns(schema: &Value) -> Result<(), (String, &'static str)> {
    let mut all = Vec::new();
    collect(schema, &mut String::new(), &mut all);
    for (at, pattern) in &all {
        let escapes = pattern.bytes().filter(|byte| *byte == b'\\').count();
        if pattern.len() > LONGEST_PATTERN || escapes > MOST_ESCAPES {
            return Err((
                at.clone(),
                "it is longer than 2000 bytes or has more than 200 escapes",
            ));
        }
    }
    let bytes: usize = all.iter().map(|(_, pattern)| pattern.len()).sum();
    if bytes > MOST_PATTERN_BYTES {
        return Err((String::new(), "its patterns are longer than 40000 bytes together"));
    }
    Ok(())
}

/// The patterns of a schema with the places where they stand.
fn collect<'s>(schema: &'s Value, at: &mut String, all: &mut Vec<(String, &'s str)>) {
    let length = at.len();
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                at.push('/');
                at.push_str(key);
                match (key.as_str(), value) {
                    ("pattern", Value::String(pattern)) => all.push((at.clone(), pattern)),
                    ("patternProperties", Value::Object(named)) => {
                        all.extend(named.keys().map(|pattern| (at.clone(), pattern.as_str())));
                        collect(value, at, all);
                    }
                    _ => collect(value, at, all),
                }
                at.truncate(length);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, at, all)),
        _ => {}
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

fn depth(value: &Value) -> usize {
    let below = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(map) => map.values().map(depth).max(),
        _ => return 0,
    };
    1 + below.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A chain of definitions, each of which reads the next twice.
    fn doubling(keyword: &str, length: usize) -> Value {
        let name = |index: usize| format!("#/$defs/a{index}");
        let mut defs = Map::new();
        for index in 0..length {
            let twice = json!([{ "$ref": name(index + 1) }, { "$ref": name(index + 1) }]);
            defs.insert(format!("a{index}"), json!({ keyword: twice }));
        }
        defs.insert(format!("a{length}"), json!({ "type": "string" }));
        json!({ "$ref": name(0), "$defs": defs })
    }

    /// A value so deep.
    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }))
    }

    #[test]
    fn references_that_multiply_are_no_schema() {
        for keyword in ["allOf", "anyOf", "oneOf"] {
            assert!(Work::of(&doubling(keyword, 30)).is_err(), "{keyword}");
            assert!(Work::of(&doubling(keyword, 5)).is_ok(), "{keyword}");
        }
    }

    #[test]
    fn values_that_would_multiply_are_not_begun() {
        let schema = json!({ "properties": { "a": { "allOf": [{ "$ref": "#" }, { "$ref": "#" }] } } });
        let work = Work::of(&schema).expect("it is finite for each value");
        assert!(work.allows(&nested(8)));
        assert!(!work.allows(&nested(40)));
    }

    #[test]
    fn honest_recursion_is_free() {
        let tree = json!({ "properties": {
            "left": { "$ref": "#" }, "right": { "$ref": "#" }, "a": { "$ref": "#" }
        }});
        let list = json!({ "properties": { "a": { "$ref": "#" } } });
        let work = Work::of(&list).expect("a schema");
        assert!(work.allows(&nested(60)));
        assert!(Work::of(&tree).expect("a schema").allows(&nested(10)));
        let large: Value = (0..100_000).collect::<Vec<u32>>().into();
        assert!(
            Work::of(&json!({ "items": { "type": "integer" } }))
                .expect("a schema")
                .allows(&large)
        );
        for circle in [
            json!({ "$ref": "#" }),
            json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] }),
            json!({ "$dynamicRef": "#x", "$dynamicAnchor": "x" }),
        ] {
            assert!(Work::of(&circle).is_ok(), "{circle}");
        }
    }

    #[test]
    fn depths_that_are_not_counted_one_by_one_are_what_they_would_be() {
        let deep = (0..9).fold(
            json!({ "type": "string" }),
            |inner, _| json!({ "items": inner, "allOf": [{ "items": { "type": "string" } }] }),
        );
        for schema in [
            json!(true),
            json!({ "type": "object", "properties": { "a": { "type": "string" } } }),
            json!({ "properties": { "a": { "items": { "anyOf": [{}, {}] } }, "b": { "not": {} } } }),
            deep,
        ] {
            let mut steps = Steps {
                root: &schema,
                anchors: HashMap::new(),
                known: HashMap::new(),
            };
            let counted: Vec<u64> = (0..=DEEPEST).map(|depth| steps.of(&schema, depth)).collect();
            assert_eq!(Work::of(&schema).expect("a schema").0, counted, "{schema}");
        }
    }

    #[test]
    fn patterns_and_schemas_have_a_size() {
        let pattern = |text: String| json!({ "properties": { "a": { "pattern": text } } });
        assert!(Work::of(&pattern("a".repeat(2_000))).is_ok());
        let long = Work::of(&pattern("a".repeat(2_001))).expect_err("too long");
        assert_eq!(long.0, "/properties/a/pattern");
        assert!(Work::of(&pattern("\\w".repeat(201))).is_err());
        assert!(Work::of(&json!({ "patternProperties": { "\\w".repeat(201): true } })).is_err());
        let many: Map<String, Value> = (0..30)
            .map(|index| (index.to_string(), json!({ "pattern": "a".repeat(1_900) })))
            .collect();
        assert!(Work::of(&json!({ "properties": many })).is_err());
        let wide = vec![json!({ "type": "string" }); 10_000];
        assert!(Work::of(&json!({ "anyOf": wide })).is_err());
    }
}
