//! C03, C04 in a network namespace of its own, where every address of IPv4
//! and IPv6 is this machine: whatever is dialled, by url, var, answer of a
//! name, redirect or token url, somebody picks up and counts.
//! `tests/addresses-in-a-namespace.sh` makes the namespace; without it the test
//! is left alone.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use super::spellings::{self, SPECIAL_V4, SPECIAL_V6};
use crate::support::program::toolrun;

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
/// Where everything listens.
const PORT: u16 = 8080;
/// An address that anybody may reach.
const PUBLIC: &str = "93.184.215.14";
/// Where everybody is cut off.
const CUT: u16 = 8082;
/// Where the redirecting server is.
const TURNS: u16 = 8081;

const MANIFEST: &str = "toolrun: 1
vars: { site: { default: \"http://127.0.0.1:9\" } }
secrets: { KEY: env }
apis: { it: { base_url: \"{{ vars.site }}\", allow_http: true, retries: 1 AUTH } }
tools:
  look:
    api: it
    description: Returns the opening hours of the shop, day by day.
    url: /x
";

/// Who was dialled, and how often.
type Log = Arc<Mutex<BTreeMap<IpAddr, usize>>>;

#[test]
#[ignore = "needs a network namespace: tests/addresses-in-a-namespace.sh makes one"]
#[expect(clippy::print_stdout, reason = "the script keeps what is printed")]
fn c03_nothing_is_dialled_in_a_world_where_everything_answers() {
    only_loopback();
    let log = Log::default();
    listen(PORT, &log, ANSWER);
    let target = Arc::new(Mutex::new(String::new()));
    turn(&target);
    let names = answer_names();
    let mut table = String::new();
    controls(&log, &mut table);
    urls(&log, &mut table);
    answers(&log, &names, &mut table);
    redirects(&log, &target, &mut table);
    token_urls(&log, &mut table);
    rebinding(&log, &names, &mut table);
    println!("{table}");
}

/// Without this, the test would talk to the network of the machine.
fn only_loopback() {
    let devices = std::fs::read_to_string("/proc/net/dev").expect("the devices");
    let names: Vec<&str> = devices
        .lines()
        .filter_map(|line| Some(line.split_once(':')?.0.trim()))
        .collect();
    assert_eq!(names, ["lo"], "not in a namespace of its own");
}

fn listen(port: u16, log: &Log, answer: &'static str) {
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).expect("all addresses");
    let log = Arc::clone(log);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let dialled = stream.local_addr().expect("an address").ip().to_canonical();
            *log.lock().expect("a log").entry(dialled).or_default() += 1;
            thread::spawn(move || say(stream, answer));
        }
    });
}

fn say(mut stream: TcpStream, answer: &str) {
    let mut buffer = [0; 8192];
    if stream.read(&mut buffer).is_ok_and(|count| count > 0) {
        // The other side may be gone.
        let _ = stream.write_all(answer.as_bytes());
    }
}

/// Sends everybody to the target of the moment.
fn turn(target: &Arc<Mutex<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", TURNS)).expect("a port");
    let target = Arc::clone(target);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let location = target.lock().expect("a target").clone();
            say(
                stream,
                &format!(
                    "HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                ),
            );
        }
    });
}

/// What names are answered with: each list in turn, the last repeating.
type Answers = Arc<Mutex<HashMap<String, (usize, Vec<Vec<IpAddr>>)>>>;

/// A name server that knows what it is told.
fn answer_names() -> Answers {
    let answers = Answers::default();
    let known = Arc::clone(&answers);
    let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 53], 53))).expect("port 53");
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((count, from)) = socket.recv_from(&mut buffer) {
            if let Some(reply) = reply(&buffer[..count], &known) {
                let _ = socket.send_to(&reply, from);
            }
        }
    });
    answers
}

/// One answer of the name system: the question again, then the addresses.
fn reply(question: &[u8], known: &Answers) -> Option<Vec<u8>> {
    let mut labels = Vec::new();
    let mut at = 12;
    while let length @ 1.. = usize::from(*question.get(at)?) {
        labels.push(String::from_utf8_lossy(question.get(at + 1..at + 1 + length)?).into_owned());
        at += 1 + length;
    }
    let kind = *question.get(at + 2)?;
    let name = labels.join(".").to_lowercase();
    let mut known = known.lock().expect("answers");
    let addresses = known.get_mut(&name).map(|(asked, lists)| {
        let list = lists[(*asked).min(lists.len() - 1)].clone();
        // Both families are asked for; the turn is over with the second.
        *asked += usize::from(kind == 28);
        list
    });
    let records: Vec<Vec<u8>> = addresses
        .iter()
        .flatten()
        .filter_map(|address| match (address, kind) {
            (IpAddr::V4(v4), 1) => Some(v4.octets().to_vec()),
            (IpAddr::V6(v6), 28) => Some(v6.octets().to_vec()),
            _ => None,
        })
        .collect();
    let mut reply = question[..2].to_vec();
    let code = if addresses.is_some() { 0x80 } else { 0x83 };
    reply.extend([0x81, code, 0, 1, 0, u8::try_from(records.len()).ok()?, 0, 0, 0, 0]);
    reply.extend(question.get(12..at + 5)?);
    for record in records {
        reply.extend([
            0xc0,
            12,
            0,
            kind,
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            u8::try_from(record.len()).ok()?,
        ]);
        reply.extend(record);
    }
    Some(reply)
}

/// Looks once; gives the exit code and who was dialled.
fn look(log: &Log, flags: &str, site: &str, auth: &str) -> (Option<i32>, BTreeMap<IpAddr, usize>) {
    log.lock().expect("a log").clear();
    let ended = toolrun(&format!("call it.yaml look --allow-http {flags} --var"))
        .arg(format!("site={site}"))
        .file("it.yaml", &MANIFEST.replace(" AUTH", auth))
        .env("KEY", "canary")
        .run();
    (ended.code, log.lock().expect("a log").clone())
}

/// Everything is judged by what is dialled, so that must be seen.
fn controls(log: &Log, table: &mut String) {
    for (flags, host) in [
        ("", PUBLIC),
        ("--allow-net 10.0.0.0/8", "10.0.0.1"),
        ("--allow-net fc00::/7", "[fd12:3456::1]"),
    ] {
        let (code, dialled) = look(log, flags, &format!("http://{host}:{PORT}"), "");
        let address: IpAddr = host.trim_matches(['[', ']']).parse().expect("an address");
        assert_eq!(
            (code, dialled),
            (Some(0), BTreeMap::from([(address, 1)])),
            "{host}"
        );
    }
    let _ = writeln!(table, "controls that are reached: 3 of 3");
}

#[track_caller]
fn nobody(what: &str, (code, dialled): (Option<i32>, BTreeMap<IpAddr, usize>)) {
    assert_eq!(dialled, BTreeMap::new(), "{what}");
    assert!(matches!(code, Some(2 | 3 | 5)), "{what}: {code:?}");
}

fn urls(log: &Log, table: &mut String) {
    let hosts = spellings::all();
    for host in &hosts {
        nobody(host, look(log, "", &format!("http://{host}:{PORT}"), ""));
    }
    let metadata = [
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "[fd00:ec2::254]",
        "[fd20:ce::254]",
        "[64:ff9b::a9fe:a9fe]",
    ];
    for host in metadata {
        let flags = "--allow-net 0.0.0.0/0 --allow-net ::/0";
        nobody(host, look(log, flags, &format!("http://{host}:{PORT}"), ""));
    }
    let _ = writeln!(table, "urls and base urls: {} spellings, 0 connects", hosts.len());
    let _ = writeln!(
        table,
        "metadata under --allow-net for everything: {} addresses, 0 connects",
        metadata.len()
    );
}

fn answers(log: &Log, names: &Answers, table: &mut String) {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in SPECIAL_V4.iter().chain(SPECIAL_V6) {
        addresses.push(address.parse().expect("an address"));
    }
    for address in SPECIAL_V4 {
        let carriers = spellings::carriers(address);
        addresses.extend(carriers.iter().map(|host| {
            host.trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .expect("an address")
        }));
    }
    for (index, address) in addresses.iter().enumerate() {
        let name = format!("a{index}.example");
        let public: IpAddr = PUBLIC.parse().expect("an address");
        let lists = [vec![*address], vec![public, *address], vec![*address, public]];
        for (kind, list) in lists.into_iter().enumerate().take(if index < 8 { 3 } else { 1 }) {
            let name = format!("k{kind}{name}");
            names
                .lock()
                .expect("answers")
                .insert(name.clone(), (0, vec![list]));
            nobody(
                &format!("{name} is {address}"),
                look(log, "", &format!("http://{name}:{PORT}"), ""),
            );
        }
    }
    // The hosts file of the namespace says these.
    for name in [
        "hosts-private.example",
        "hosts-loopback.example",
        "localhost.evil",
        "127.0.0.1.x",
    ] {
        nobody(name, look(log, "", &format!("http://{name}:{PORT}"), ""));
    }
    let _ = writeln!(
        table,
        "answers of names: {} addresses, alone and beside a public one, and 4 names of the hosts file, 0 connects",
        addresses.len()
    );
}

/// Every host that can be listed is, so that the guard alone refuses; but for
/// loopback, which an author who lists it may have.
fn redirects(log: &Log, target: &Arc<Mutex<String>>, table: &mut String) {
    listen(80, log, ANSWER);
    let mut listed = [SPECIAL_V4, &[PUBLIC, "metadata.google.internal", "localhost."]].concat();
    listed.retain(|host| *host != "127.0.0.1");
    let listed = listed.join(", ");
    let auth = format!(", redirects: {{ to: [{listed}] }}");
    let site = format!("http://127.0.0.1:{TURNS}");
    *target.lock().expect("a target") = format!("http://{PUBLIC}/x");
    let public: IpAddr = PUBLIC.parse().expect("an address");
    let followed = look(log, "", &site, &auth);
    assert_eq!(followed, (Some(0), BTreeMap::from([(public, 1)])), "the control");
    let hosts: Vec<String> = spellings::all();
    for host in &hosts {
        *target.lock().expect("a target") = format!("http://{host}/x");
        nobody(host, look(log, "", &site, &auth));
    }
    let _ = writeln!(
        table,
        "targets of redirects: {} spellings, 0 connects",
        hosts.len()
    );
}

fn token_urls(log: &Log, table: &mut String) {
    let hosts: Vec<String> = spellings::all();
    let auth = |host: &str| {
        format!(
            ", auth: {{ oauth2: {{ token_url: \"http://{host}:{PORT}/t\", client_id: me, client_secret: KEY }} }}"
        )
    };
    let site = format!("http://{PUBLIC}:{PORT}");
    let (_, dialled) = look(log, "", &site, &auth("93.184.215.15"));
    assert_eq!(dialled.into_values().collect::<Vec<_>>(), [1], "the control");
    for host in &hosts {
        nobody(host, look(log, "", &site, &auth(host)));
    }
    let _ = writeln!(table, "token urls: {} spellings, 0 connects", hosts.len());
}

/// A name that is public at first and private at the next attempt: at the
/// public address everybody is cut off, so that there is one.
fn rebinding(log: &Log, names: &Answers, table: &mut String) {
    let [public, inside]: [IpAddr; 2] = [PUBLIC, "10.0.0.1"].map(|text| text.parse().expect("an address"));
    listen(CUT, log, "");
    let name = "rebinds.example";
    let lists = vec![vec![public], vec![inside]];
    names.lock().expect("answers").insert(name.to_owned(), (0, lists));
    let (code, dialled) = look(log, "", &format!("http://{name}:{CUT}"), "");
    assert_eq!((code, dialled), (Some(5), BTreeMap::from([(public, 1)])));
    let _ = writeln!(
        table,
        "a name that is private at the second attempt: 0 connects to that"
    );
}
