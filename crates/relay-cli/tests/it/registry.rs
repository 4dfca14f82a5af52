//! A registry that gives one answer to everything, on loopback; and an address where none listens.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

/// The most header lines that a request has.
const HEADER_LINES_MAX: usize = 100;

/// The address of a registry that answers each request with this status, type and body until the test ends.
pub(crate) fn answering(status: u16, kind: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            // A client that goes away early is no concern of the test's.
            let _gone = answer(connection, status, kind, body);
        }
    });
    address
}

/// The address of an npm-like registry that has no package at all.
pub(crate) fn empty() -> String {
    answering(404, "application/json", r#"{"error":"not found"}"#)
}

/// An address where nothing listens.
pub(crate) fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

fn answer(mut connection: TcpStream, status: u16, kind: &str, body: &str) -> std::io::Result<()> {
    let lines = BufReader::new(connection.try_clone()?).lines();
    for line in lines.take(HEADER_LINES_MAX) {
        if line?.is_empty() {
            break;
        }
    }
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status} Answer\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
