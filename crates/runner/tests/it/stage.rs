//! A manifest against a loopback server, made into a session, with an
//! observer that keeps every event.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::future::{BoxFuture, FutureExt, ready};
use toolrun_http::{Client, ClientOptions, HttpError, MapStore, Redactor, Transport};
use toolrun_manifest::{Manifest, Policy, ReadInclude};
use toolrun_runner::{
    AllowWrites, Answer, Approver, Delta, Event, FlowPolicy, Limits, NobodyToAsk, Observer, Proposal,
    Session, Setup, Stamped, Stop,
};

struct NoIncludes;

impl ReadInclude for NoIncludes {
    fn read(&self, _: &str, _: &str) -> Result<(String, String), String> {
        Err("nothing is included here".into())
    }
}

pub(crate) fn manifest(text: &str) -> Manifest {
    let loaded = toolrun_manifest::load("test.yaml", text.to_owned(), &NoIncludes);
    loaded
        .manifest
        .unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

/// A shop with reads and writes at this address.
pub(crate) fn shop(base: &str) -> Manifest {
    manifest(&format!(
        r#"
toolrun: 1
name: shop
agent:
  instructions: Answer only from tool results.
secrets: {{ SHOP_KEY: env }}
apis:
  shop: {{ base_url: "{base}", auth: {{ bearer: SHOP_KEY }}, retries: 0 }}
tools:
  find_orders:
    api: shop
    description: Lists the orders of a customer with their ids and totals.
    params:
      email: {{ type: string, description: The customer's e-mail address }}
      limit: {{ type: integer, minimum: 1, maximum: 1000, default: 20, description: How many orders at most }}
    url: /orders?email={{{{ email }}}}&limit={{{{ limit }}}}
    result: {{ pick: "orders", max_tokens: 100 }}
    errors: {{ 404: Ask the user for another address. }}
  create_refund:
    api: shop
    description: Refunds part of one order; the money moves at once.
    params:
      order_id: {{ type: string, description: The order's id }}
      amount: {{ type: number, exclusiveMinimum: 0, description: Amount in the order's currency }}
    method: POST
    url: /orders/{{{{ order_id }}}}/refunds
    body: {{ json: {{ amount: "{{{{ amount }}}}" }} }}
    effect: write
  delete_order:
    api: shop
    description: Deletes one order for good.
    params:
      order_id: {{ type: string, description: The order's id }}
    method: DELETE
    url: /orders/{{{{ order_id }}}}
    effect: destructive
"#
    ))
}

/// Everything that was told to an observer.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    pub(crate) events: Arc<Mutex<Vec<Stamped<Event>>>>,
    pub(crate) deltas: Arc<Mutex<Vec<Delta>>>,
}

impl Observer for Kept {
    fn on_event(&mut self, event: &Stamped<Event>) {
        self.events.lock().unwrap().push(event.clone());
    }

    fn on_delta(&mut self, delta: &Delta) {
        self.deltas.lock().unwrap().push(delta.clone());
    }
}

impl Kept {
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.events
            .lock()
            .unwrap()
            .iter()
            .map(|stamped| stamped.event.name())
            .collect()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events
            .lock()
            .unwrap()
            .iter()
            .map(|stamped| stamped.event.clone())
            .collect()
    }
}

/// Answers the same to every question and keeps the proposals.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) says: Answer,
    pub(crate) asked: Arc<Mutex<Vec<Proposal>>>,
}

impl Approver for Person {
    fn ask<'a>(&'a self, proposal: &'a Proposal) -> BoxFuture<'a, Answer> {
        self.asked.lock().unwrap().push(proposal.clone());
        ready(self.says.clone()).boxed()
    }
}

pub(crate) fn person(says: Answer) -> Person {
    Person {
        says,
        asked: Arc::default(),
    }
}

/// What a test may change of a session.
pub(crate) struct Stage {
    pub(crate) manifest: Manifest,
    pub(crate) approver: Arc<dyn Approver>,
    pub(crate) allow_writes: AllowWrites,
    pub(crate) flows: FlowPolicy,
    pub(crate) limits: Limits,
    pub(crate) stop: Stop,
    pub(crate) kept: Kept,
    pub(crate) redactor: Redactor,
}

/// The secret of the shop.
pub(crate) const KEY: &str = "sk-canary-4711-abcdef";

impl Stage {
    pub(crate) fn new(manifest: Manifest) -> Self {
        Self {
            manifest,
            approver: Arc::new(NobodyToAsk),
            allow_writes: AllowWrites::None,
            flows: FlowPolicy::default(),
            limits: Limits::default(),
            stop: Stop::default(),
            kept: Kept::default(),
            redactor: Redactor::default(),
        }
    }

    /// A client that knows the key.
    pub(crate) fn client(&self) -> Client {
        let store = Arc::new(MapStore::from([("SHOP_KEY", KEY)]));
        Client::new(ClientOptions::new(store, self.redactor.clone())).unwrap()
    }

    pub(crate) fn session(&self) -> Session {
        let client = self.client();
        self.session_over(Arc::new(client))
    }

    /// A session whose requests go to this transport.
    pub(crate) fn session_over(&self, base: Arc<dyn Transport>) -> Session {
        let connect = move |_: &Policy| -> Result<Arc<dyn Transport>, HttpError> { Ok(Arc::clone(&base)) };
        Session::new(Setup {
            manifest: self.manifest.clone(),
            vars: BTreeMap::new(),
            connect: Arc::new(connect),
            redactor: self.redactor.clone(),
            approver: Arc::clone(&self.approver),
            allow_writes: self.allow_writes.clone(),
            flows: self.flows.clone(),
            limits: self.limits,
            offered: None,
            files: None,
            observers: vec![Box::new(self.kept.clone())],
            stop: self.stop.clone(),
        })
        .unwrap()
    }
}
