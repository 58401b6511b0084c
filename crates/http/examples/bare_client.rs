//! Makes the exchanges of a list, one after another, with the HTTP library
//! alone: what the benchmark of the README compares a run with.
//!
//! The list has one exchange a line: url, tab, body (POST when there is one).
#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

#[tokio::main]
async fn main() {
    let list = std::env::args().nth(1).expect("a list of exchanges");
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for line in std::fs::read_to_string(list).unwrap().lines() {
        let (url, body) = line.split_once('\t').unwrap();
        let request = if body.is_empty() {
            client.get(url)
        } else {
            client
                .post(url)
                .header("content-type", "application/json")
                .body(body.to_owned())
        };
        assert!(!request.send().await.unwrap().bytes().await.unwrap().is_empty());
    }
}
