//! A real browser, driven by as much of the `WebDriver` protocol as these tests need.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What the browser may be called.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Keys, as the protocol spells them.
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const LEFT: &str = "\u{e012}";
pub(crate) const UP: &str = "\u{e013}";
pub(crate) const RIGHT: &str = "\u{e014}";
pub(crate) const DOWN: &str = "\u{e015}";
pub(crate) const ENTER: &str = "\u{e007}";

/// Longer than anything takes that works, also on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

/// Where a program is.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

impl Browser {
    /// Opens one, or says that `what` was not driven in one: where none is installed, that is no reason to pass in CI.
    pub(crate) fn open_for(what: &str) -> Option<Self> {
        let opened = Self::open();
        if opened.is_none() {
            assert!(
                std::env::var_os("CI").is_none(),
                "chromium and chromedriver are not installed: .ci/run installs them"
            );
            // Not by a macro: those are only shown of tests that fail.
            let skipped =
                format!("SKIPPED: {what} was not driven in a browser; install chromium and chromium-driver\n");
            std::io::stderr().write_all(skipped.as_bytes()).unwrap();
        }
        opened
    }

    fn open() -> Option<Self> {
        let (browser, driver) = (BROWSERS.into_iter().find_map(find)?, find("chromedriver")?);
        let mut driver = Command::new(driver);
        driver.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut driver = driver.spawn().unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines().map(Result::unwrap);
        // At first it says what it was told: 0.
        let told =
            |line: String| line.trim_end_matches('.').rsplit_once("on port ")?.1.parse().ok().filter(|port| *port > 0);
        let port = said.find_map(told).unwrap();
        // Whatever it goes on to say has to be read.
        std::thread::spawn(move || said.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless=new".to_owned(),
            // As root there is no sandbox; the page is our own.
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let asked = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": browser, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let mut opened = Self { driver, port, session: String::new(), _profile: profile };
        let answer = opened.ask("POST", "/session", &asked);
        answer["sessionId"].as_str().unwrap().clone_into(&mut opened.session);
        Some(opened)
    }

    /// Sends a request and gives the value of the answer.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        let host = format!("127.0.0.1:{}", self.port);
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            match line.trim_end().to_ascii_lowercase().strip_prefix("content-length:") {
                Some(number) => length = number.trim().parse().unwrap(),
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        let value = answer["value"].take();
        assert!(value["error"].is_null(), "{method} {path}: {value}");
        value
    }

    fn post(&self, what: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}/{what}", self.session), body)
    }

    pub(crate) fn go(&self, address: &str) {
        // A change of what is after the # alone would load nothing.
        self.post("url", &json!({"url": "about:blank"}));
        self.post("url", &json!({"url": address}));
        self.until("document.documentElement.dataset.ready === 'true'");
    }

    /// The value of a JavaScript expression in the page.
    pub(crate) fn value(&self, expression: &str) -> Value {
        self.post("execute/sync", &json!({"script": format!("return {expression};"), "args": []}))
    }

    pub(crate) fn text(&self, selector: &str) -> String {
        let text = self.value(&format!("document.querySelector({selector:?}).innerText"));
        text.as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn holds(&self, expression: &str) {
        assert_eq!(self.value(expression), true, "{expression} in {}", self.value("document.body.innerText"));
    }

    /// Looks until an expression holds.
    #[track_caller]
    fn until(&self, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.value(expression) != true {
            assert!(Instant::now() < deadline, "waited in vain until {expression}");
        }
    }

    /// The least contrast of any text in what a selector finds with the colour behind it.
    pub(crate) fn contrast(&self, selector: &str) -> f64 {
        let script = r"(() => {
            const light = colour => {
                const [r, g, b] = colour.match(/[\d.]+/g).map(Number).map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const colour = (it, what) => getComputedStyle(it).getPropertyValue(what);
            const behind = it => colour(it, 'background-color') === 'rgba(0, 0, 0, 0)' ? behind(it.parentElement) : colour(it, 'background-color');
            const ratio = it => { const [x, y] = [colour(it, 'color'), behind(it)].map(light).sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
            return Math.min(...[...document.querySelectorAll(SELECTOR)].filter(it => it.innerText).map(ratio));
        })()";
        self.value(&script.replace("SELECTOR", &format!("{selector:?}"))).as_f64().unwrap()
    }

    /// A click as somebody with a mouse does it: what is covered by something else cannot be clicked.
    pub(crate) fn click(&self, selector: &str) {
        let found = self.post("element", &json!({"using": "css selector", "value": selector}));
        let element = found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        self.post(&format!("element/{element}/click"), &json!({}));
    }

    /// Keys, one after the other, to whatever has the focus.
    pub(crate) fn keys(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()})))
            .collect();
        self.post("actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]}));
    }

    /// The size of what is seen, a phone's also.
    pub(crate) fn size(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// What the system prefers: light or dark.
    pub(crate) fn prefers(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        self.post("goog/cdp/execute", &json!({"cmd": command, "params": parameters}));
    }

    /// What the page complained about.
    pub(crate) fn complaints(&self) -> Vec<Value> {
        let log = self.post("se/log", &json!({"type": "browser"}));
        log.as_array().unwrap().clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A test that failed leaves no process: first the browser, then its driver.
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port))
            && write!(
                stream,
                "DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
                self.session
            )
            .is_ok()
        {
            let _ = stream.set_read_timeout(Some(PATIENCE));
            let _ = stream.read(&mut [0; 64]);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
