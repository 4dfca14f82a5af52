//! A registry whose certificate nobody signed but itself.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::npm_workspaces;
use crate::world::{World, pinned_node};

/// Says its port and knows no package.
const SERVER: &str = "
const [, key, cert] = process.argv;
const { readFileSync } = require('node:fs');
const files = { key: readFileSync(key), cert: readFileSync(cert) };
const server = require('node:https').createServer(files, (_, response) => response.writeHead(404).end('{}'));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
";

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.0.kill().and_then(|()| self.0.wait());
    }
}

fn serve(world: &World) -> (Server, String) {
    let folder = world.beside("tls");
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout"])
        .args([&key, std::path::Path::new("-out"), &certificate])
        .output()
        .expect("`openssl` is needed for this test");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut server = Command::new(pinned_node())
        .args(["-e", SERVER])
        .args([&key, &certificate])
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut port = String::new();
    BufReader::new(server.stdout.take().expect("its output")).read_line(&mut port).expect("a port");
    (Server(server), format!("https://localhost:{}/", port.trim()))
}

#[test]
fn it_is_trusted_where_it_is_named_and_nowhere_else() {
    let mut world = npm_workspaces(&[("a", "\"version\":\"1.0.0\"")]);
    let (_server, url) = serve(&world);
    let certificate = world.beside("tls").join("certificate.pem");
    let certificate = certificate.to_str().expect("UTF-8").to_owned();
    let at_home = |settings: &str| {
        std::fs::write(world.beside("home").join(".npmrc"), format!("registry={url}\n{settings}\n"))
            .expect("an .npmrc");
    };
    world.commit("init");
    at_home("strict-ssl=false");
    let ran = world.relay(&["plan"]).ended_with(1);
    assert!(ran.stderr.contains("certificate is not trusted"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`strict-ssl` in `~/.npmrc` is not followed"), "{}", ran.stderr);
    at_home(&format!("cafile={certificate}"));
    world.relay(&["plan"]).ended_with(0);
    at_home("");
    world.set("NODE_EXTRA_CA_CERTS", &certificate);
    world.relay(&["plan"]).ended_with(0);
}
