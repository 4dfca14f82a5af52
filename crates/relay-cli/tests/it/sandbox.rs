//! `relay sandbox` starts, says where it is, and ends at Ctrl-C. What it answers is tested in its own crate.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::world::Repo;

fn started(repo: &Repo, line: &str) -> Child {
    let mut command = repo.command("");
    command.args(line.split_whitespace()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Ctrl-C, and what was printed.
fn stopped(child: Child) -> (Option<i32>, String) {
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn answers_until_ctrl_c_and_logs_what_reached_it() {
    let repo = Repo::new();
    let mut child = started(&repo, "sandbox --json");
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let document: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(document["schema"], "relay.sandbox/1");
    assert_eq!(document["tokens"][0]["kind"], "session");
    let address = document["url"].as_str().unwrap().trim_start_matches("http://").trim_end_matches('/').to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{address}");

    let mut connection = TcpStream::connect(&address).unwrap();
    write!(connection, "GET /-/ping HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let (exit, log) = stopped(child);
    assert_eq!(exit, Some(0), "{log}");
    assert!(log.contains("200  GET    /-/ping"), "{log}");
    assert!(log.ends_with("stopped after 1 request and 0 published versions; nothing is kept\n"), "{log}");
}

#[test]
fn says_how_it_can_be_tried() {
    let repo = Repo::new();
    let mut child = started(&repo, "sandbox --delay 3s");
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.ends_with("What reaches it:\n") {
        assert_ne!(out.read_line(&mut text).unwrap(), 0, "{text}");
    }
    assert_eq!(stopped(child).0, Some(0));
    let text = regex::Regex::new(r"127\.0\.0\.1:\d+").unwrap().replace_all(&text, "[ADDRESS]").into_owned();
    let text = regex::Regex::new(r"npm_\w+").unwrap().replace_all(&text, "[TOKEN]").into_owned();
    let text = regex::Regex::new(r"now \d{6}").unwrap().replace_all(&text, "now [CODE]").into_owned();
    insta::assert_snapshot!(text);
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let run = Repo::new().relay(&format!("sandbox --port {port}"));
    assert_eq!(run.exit, 1);
    assert_eq!(run.stdout, "");
    let text = run.stderr.replace(&port.to_string(), "[PORT]");
    insta::assert_snapshot!(text);
}
