//! What may stand behind a key: one description, which the JSON Schema, the reference of keys and the
//! completion of an editor read. The parser's own tables of words are part of it; what only several keys
//! together or a look at other declarations can tell is not.

use crate::fields::Key;

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Nobody said yet: a test complains.
    Unsaid,
    /// Any value.
    Any,
    /// Any value whose texts are templates.
    Tree(Place),
    /// A mapping of data whose texts are templates.
    Data(Place),
    /// A JSON Schema.
    Schema,
    /// A text; numbers and booleans must be quoted to be one.
    Text(Form),
    /// A text as written: numbers and booleans are texts too.
    Written(Form),
    /// A whole number within bounds.
    Whole(u64, u64),
    /// A number.
    Number,
    /// A number above 0.
    Positive,
    /// `true` or `false`.
    Boolean,
    /// A number with a unit.
    Quantity(Unit),
    /// The version of the language.
    Version,
    /// One of some words.
    Word(fn() -> Vec<&'static str>),
    /// A list.
    List(&'static Shape),
    /// A list that is not empty.
    Some(&'static Shape),
    /// A mapping by name.
    Named(Naming, &'static Shape),
    /// A mapping of exactly one name.
    Single(Naming, &'static Shape),
    /// A mapping with keys of the language.
    Keys(fn() -> &'static Section),
    /// One of several forms.
    Either(&'static [Shape]),
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Words, for people or for a model.
    Words,
    /// What a model decides by.
    Description,
    /// A url: a template.
    Url(Place),
    /// A template that sees what its place has.
    Template(Place),
    /// A template of one expression.
    Expression(Place),
    /// The name of something declared.
    Name(Names),
    /// A new name that templates read.
    NewName,
    /// A model, as provider and name.
    Model,
    /// A path of a manifest, relative to this one.
    Path,
    /// A path of a file.
    File,
    /// The name of an environment variable.
    Variable,
    /// A JMESPath expression.
    Pick,
    /// The word that follows links (RFC 8288).
    Link,
    /// A regular expression.
    Regex,
    /// A format of JSON Schema.
    Format,
    /// A host.
    Host,
    /// The name of a header, a cookie, a query key.
    WireName,
    /// A program or an argument of it.
    Argument,
    /// A service of the keyring.
    Service,
}

/// What names a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// `apis`.
    Api,
    /// `secrets`.
    Secret,
    /// `tools` and `workflows`.
    Callable,
    /// `mcp`.
    Server,
    /// A tool of an MCP server.
    Foreign,
    /// Steps of the same workflow.
    Step,
}

/// Where a template stands: that decides what it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// `agent.instructions`.
    Instructions,
    /// A scheme, host or port, and the texts of a login.
    Origin,
    /// A login's url, headers and body.
    Login,
    /// The header that carries a token.
    Token,
    /// A url: secrets stand in its query.
    Url,
    /// The value of a header or a query pair.
    Value,
    /// A body.
    Body,
    /// What reads the answer.
    Answer,
    /// What words the result.
    Result,
    /// A step of a workflow, and its `return`.
    Step,
}

/// A number with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// `30s`.
    Duration,
    /// `5/s`.
    Rate,
    /// `200k`.
    Count,
    /// `0.50 USD`.
    Cost,
}

/// What the names of a mapping may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// Data: any.
    Data,
    /// Declares a tool, a workflow, a param: small letters, digits and `_`.
    Small(&'static str),
    /// Declares an api, a secret, a var, a server: letters, digits and `_`.
    Word(&'static str),
    /// Names of headers.
    Header,
    /// `404` or `4xx`.
    Status,
    /// Names something declared.
    Of(Names),
    /// Names a var.
    Var,
    /// Names a lint.
    Lint,
}

/// A mapping with keys of the language.
#[derive(Debug)]
pub(crate) struct Section {
    /// Its name among all sections.
    pub(crate) name: &'static str,
    /// Where it stands, as a path whose capitals are names of the author's.
    pub(crate) place: &'static str,
    /// Its keys.
    pub(crate) tables: &'static [&'static [Key]],
    /// Keys of the tables that have no place here.
    pub(crate) without: &'static [&'static str],
    /// Which keys go together.
    pub(crate) rules: &'static [Rule],
}

/// Which keys of a mapping go together.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// Exactly one of these.
    One(&'static [&'static str]),
    /// One of these at least.
    Any(&'static [&'static str]),
    /// Not both.
    NotBoth(&'static str, &'static str),
    /// The first has a place only beside the second.
    Needs(&'static str, &'static str),
}

impl Section {
    /// The keys in the order of the tables.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        let without = self.without;
        self.tables
            .iter()
            .flat_map(|table| *table)
            .filter(move |key| !without.contains(&key.name))
    }

    /// The key of a name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

/// The words of a table.
pub(crate) fn words<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(word, _)| *word).collect()
}
