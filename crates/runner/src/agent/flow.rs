//! Where content came from and where calls go: after a model has read what
//! one host said, a write to another host may be that host's idea.
//!
//! A host is named as in a url, with the port where it is not the scheme's
//! own, so that two services on one machine are two hosts. What counts as read
//! is a fold over the run's events: a host that was called, whatever came
//! back. The prompt is the person's own and counts for nothing; so does what a
//! redirect that the manifest names leads to, which is the called host's.
//! Nothing is looked for in texts: a value that was copied may have been
//! reworded or encoded, and only the hosts are certain.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use toolrun_manifest::Effect;
use url::Url;

use crate::event::Event;

/// What is done about a call that goes to another host than the one whose
/// content the model has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlowRule {
    /// Writes are warned about.
    #[default]
    Warn,
    /// Reads and writes are asked about, whatever `--allow-writes` says.
    Ask,
}

/// A flow that needs no word (`--allow-flow 'a->b'`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowFlow {
    from: Place,
    to: Place,
}

/// One side of an allowed flow.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Any,
    Host(String),
}

/// A flow that text in a result may have caused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The hosts whose content the model has read, but for `to` and for those
    /// whose flow to it is allowed.
    pub from: Vec<String>,
    /// The host that the call goes to.
    pub to: String,
}

impl AllowFlow {
    /// The hosts that it names.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        [&self.from, &self.to]
            .into_iter()
            .filter_map(|place| match place {
                Place::Any => None,
                Place::Host(host) => Some(host.as_str()),
            })
    }

    fn covers(&self, from: &str, to: &str) -> bool {
        self.from.is(from) && self.to.is(to)
    }
}

impl Place {
    fn is(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Host(own) => own == host,
        }
    }
}

impl FromStr for AllowFlow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((from, to)) = text.split_once("->") else {
            return Err(
                "expected 'FROM->TO' in quotes (the shell takes a bare > for itself), such as 'a.example->b.example'"
                    .to_owned(),
            );
        };
        Ok(Self {
            from: from.trim().parse()?,
            to: to.trim().parse()?,
        })
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let alone =
            || format!("expected a host such as api.example or 127.0.0.1:8080, or `*`, found `{text}`");
        if text.contains('*') {
            return Err(format!(
                "`{text}`: `*` stands for every host and not for a part of a name"
            ));
        }
        if text.is_empty() || text.contains(['/', '@', '?', '#', '\\', ' ', '>']) {
            return Err(alone());
        }
        let url = Url::parse(&format!("https://{text}/")).map_err(|_| alone())?;
        Ok(Self::Host(host(&url)))
    }
}

impl Flow {
    /// Why it is warned about, after the tool's name.
    pub fn reason(&self) -> String {
        format!(
            "goes to {} after the model has read what {} said",
            self.to,
            listed(&self.from)
        )
    }

    /// The flags that permit it.
    pub fn remedy(&self) -> String {
        let flags = self
            .from
            .iter()
            .map(|from| format!("--allow-flow '{from}->{}'", self.to));
        flags.collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for AllowFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}->{}", self.from, self.to)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "*",
            Self::Host(host) => host,
        })
    }
}

/// The host of a url, and the port where it is not the scheme's own.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What may flow where in a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlowPolicy {
    /// What is done about the others.
    pub rule: FlowRule,
    /// Flows that need no word.
    pub allowed: Vec<AllowFlow>,
}

/// Whose idea a call is. The steps of an author's workflow are the author's:
/// they are not judged, as no text that was read can have added one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdeaOf {
    /// A model's, which has read what is in its context.
    Model,
    /// A person's, who names the call, or the author's, who wrote it down as a
    /// step.
    Person,
}

/// The hosts whose content a run has read so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Read {
    hosts: BTreeSet<String>,
}

impl Read {
    /// Takes what happened.
    pub(crate) fn apply(&mut self, event: &Event) {
        let Event::ToolStarted(started) = event else {
            return;
        };
        let called = started.url.as_deref().and_then(|url| Url::parse(url).ok());
        self.hosts.extend(called.as_ref().map(host));
    }

    /// What of it would flow to that host, beyond what the policy allows.
    pub(crate) fn flow(&self, to: &Url, effect: Effect, policy: &FlowPolicy) -> Option<Flow> {
        if effect == Effect::Read && policy.rule == FlowRule::Warn {
            return None;
        }
        let to = host(to);
        let allowed = |from: &str| policy.allowed.iter().any(|flow| flow.covers(from, &to));
        let hosts = self.hosts.iter().filter(|from| **from != to && !allowed(from));
        let from: Vec<String> = hosts.cloned().collect();
        (!from.is_empty()).then_some(Flow { from, to })
    }
}

fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::event::{Stamped, ToolStarted};

    fn called(url: &str) -> Event {
        Event::ToolStarted(ToolStarted {
            call: "c".into(),
            call_id: "call_1".into(),
            tool: "t".into(),
            effect: "read".into(),
            arguments: Map::new(),
            coerced: Vec::new(),
            method: Some("GET".into()),
            url: Some(url.into()),
            request_sha256: None,
            steps: None,
            files: Vec::new(),
        })
    }

    fn after(urls: &[&str]) -> Read {
        let mut read = Read::default();
        urls.iter().for_each(|url| read.apply(&called(url)));
        read
    }

    fn policy(rule: FlowRule, allowed: &[&str]) -> FlowPolicy {
        FlowPolicy {
            rule,
            allowed: allowed.iter().map(|flow| flow.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn a_write_elsewhere_is_a_flow_from_every_other_host() {
        let (a, b, c) = (
            "https://a.example/x",
            "https://B.example:8443/y?k=***",
            "http://127.0.0.1:1/",
        );
        type Names = &'static [&'static str];
        let cases: &[(&[&str], &str, Names, Names)] = &[
            (&[], a, &[], &[]),
            (&[a, a], a, &[], &[]),
            (&[a], b, &[], &["a.example"]),
            (&[a, b], b, &[], &["a.example"]),
            (&[a, b, c], a, &[], &["127.0.0.1:1", "b.example:8443"]),
            (&[c], "http://127.0.0.1:2/", &[], &["127.0.0.1:1"]),
            (&[a], b, &["a.example->b.example:8443"], &[]),
            (&[a], b, &["a.example->b.example"], &["a.example"]),
            (&[a], b, &["b.example:8443->a.example"], &["a.example"]),
            (&[a, c], b, &["a.example->*"], &["127.0.0.1:1"]),
            (&[a, c], b, &["* -> B.example:8443"], &[]),
            (&[a, c], b, &["*->*"], &[]),
        ];
        for (read, to, allowed, from) in cases {
            let policy = policy(FlowRule::Warn, allowed);
            let to = Url::parse(to).unwrap();
            let flow = after(read).flow(&to, Effect::Write, &policy);
            let found = flow.map(|flow| flow.from).unwrap_or_default();
            assert_eq!(found, *from, "{read:?} -> {to}, {allowed:?}");
        }
    }

    #[test]
    fn reads_are_judged_only_where_they_are_asked_about() {
        let to = Url::parse("https://b.example/").unwrap();
        for (rule, effect, flows) in [
            (FlowRule::Warn, Effect::Read, false),
            (FlowRule::Warn, Effect::Write, true),
            (FlowRule::Warn, Effect::Destructive, true),
            (FlowRule::Ask, Effect::Read, true),
            (FlowRule::Ask, Effect::Write, true),
        ] {
            let flow = after(&["https://a.example/"]).flow(&to, effect, &policy(rule, &[]));
            assert_eq!(flow.is_some(), flows, "{rule:?} {effect:?}");
        }
    }

    #[test]
    fn what_was_read_is_rebuilt_from_the_events_as_they_are_written() {
        let events = [
            called("https://a.example/x"),
            called("http://[::1]:80/"),
            called("https://b.example/"),
        ];
        let mut live = Read::default();
        let mut lines = Vec::new();
        for (seq, event) in (0..).zip(events) {
            live.apply(&event);
            let at = jiff::Timestamp::UNIX_EPOCH;
            lines.push(serde_json::to_string(&Stamped { seq, at, event }).unwrap());
            let mut again = Read::default();
            for line in &lines {
                again.apply(&serde_json::from_str::<Stamped<Event>>(line).unwrap().event);
            }
            assert_eq!(again, live);
        }
        let hosts: Vec<&str> = live.hosts.iter().map(String::as_str).collect();
        assert_eq!(hosts, ["[::1]", "a.example", "b.example"]);
    }

    #[test]
    fn flows_are_read_as_a_person_writes_them() {
        for (text, shown) in [
            ("a.example->b.example", "a.example->b.example"),
            (" A.Example -> 127.0.0.1:8080 ", "a.example->127.0.0.1:8080"),
            ("*->[::1]:9", "*->[::1]:9"),
            ("bücher.example->*", "xn--bcher-kva.example->*"),
        ] {
            assert_eq!(text.parse::<AllowFlow>().unwrap().to_string(), shown);
        }
        for (text, part) in [
            ("a-", "in quotes"),
            ("a.example", "in quotes"),
            ("->b", "expected a host"),
            ("https://a->b", "found `https://a`"),
            ("a->b/x", "found `b/x`"),
            ("a->u@b", "expected a host"),
            ("a->b->c", "expected a host"),
            ("*.a->b", "not for a part of a name"),
            ("a->b:99999", "expected a host"),
        ] {
            let error = text.parse::<AllowFlow>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_flow_names_its_hosts_and_its_remedy() {
        let flow = Flow {
            from: vec!["a".into(), "b".into(), "c".into()],
            to: "d".into(),
        };
        assert_eq!(
            flow.reason(),
            "goes to d after the model has read what a, b and c said"
        );
        assert_eq!(
            flow.remedy(),
            "--allow-flow 'a->d' --allow-flow 'b->d' --allow-flow 'c->d'"
        );
    }
}
