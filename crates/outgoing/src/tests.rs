//! What leaves and what does not.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

fn reason(address: &str) -> Option<&'static str> {
    refusal(address.parse().unwrap())
}

#[test]
fn only_addresses_of_the_public_network_are_asked() {
    for public in ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"] {
        assert_eq!(reason(public), None, "{public}");
    }
    for inner in [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "100::1",
    ] {
        assert!(reason(inner).is_some(), "{inner}");
    }
}

#[test]
fn a_range_holds_what_shares_its_first_bits() {
    let holds =
        |range: &str, address: &str| range.parse::<Range>().unwrap().contains(address.parse().unwrap());
    assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
    assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
    assert!(holds("0.0.0.0/0", "9.9.9.9") && !holds("0.0.0.0/0", "::1"));
    assert!(holds("::/0", "fd00::1") && holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fe80::1"));
    for bad in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "host", "10.0.0.0/x"] {
        assert!(bad.parse::<Range>().is_err(), "{bad}");
    }
}

#[tokio::test]
async fn every_way_to_write_this_machine_is_refused() {
    let closed = Outgoing::default();
    for address in [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::ffff:127.0.0.1]/",
        "https://0.0.0.0/",
        "https://169.254.169.254/latest/meta-data",
    ] {
        let refused = closed.check(address).await.unwrap_err();
        assert!(matches!(refused, Error::Forbidden { .. }), "{address}: {refused}");
    }
    for address in ["ftp://8.8.8.8/", "file:///etc/passwd", "http://8.8.8.8/", "nonsense"] {
        assert!(matches!(closed.check(address).await, Err(Error::Scheme { .. })), "{address}");
    }
    for address in ["https://user:word@8.8.8.8/", "https://8.8.8.8/#part", "https://a b/"] {
        assert!(matches!(closed.check(address).await, Err(Error::Address(_))), "{address}");
    }
    assert!(closed.check("https://8.8.8.8/hook").await.is_ok());
}

/// Answers one request with `answer`; the request as it came.
fn receiver(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        while !seen.windows(4).any(|four| four == b"\r\n\r\n") || !seen.ends_with(b"}") {
            let count = stream.read(&mut buffer).unwrap();
            seen.extend_from_slice(&buffer[..count]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(seen).unwrap()
    });
    (url, thread)
}

#[tokio::test]
async fn an_allowed_range_is_asked_in_the_clear_and_a_redirect_is_not_followed() {
    let open = Outgoing::allowing(vec!["127.0.0.0/8".parse().unwrap()]);
    let (url, received) = receiver(
        "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\nno",
    );
    let answer = open.post(&url, &[("X-Test", "one".to_owned())], b"{\"a\":1}".to_vec()).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str(), answer.retry_after), (302, "no", Some(7)));
    let seen = received.join().unwrap();
    assert!(seen.starts_with("POST /hook HTTP/1.1\r\n") && seen.contains("x-test: one"), "{seen}");
}

#[tokio::test]
async fn nobody_at_home_is_temporary() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let open = Outgoing::allowing(vec!["127.0.0.1".parse().unwrap()]);
    let error = open.post(&url, &[], Vec::new()).await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
}
