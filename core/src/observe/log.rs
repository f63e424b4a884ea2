//! Lines that clients write about what they do: what of them changes from run to run has a stable form. Texts only, no
//! identities.

use std::borrow::Cow;

use crate::suffix;

/// A text with its log lines, HTTP headers, hexadecimal dumps and numbers that only count in a stable form. `own` is the
/// suffix of this run: what a client logs about an object of another run, such as a group of a CRD that is just going,
/// is left out.
pub(super) fn stable(text: &str, own: &str) -> String {
    let mut lines: Vec<Cow<'_, str>> = Vec::new();
    let mut headers = 0;
    for line in text.split('\n').filter(|line| !line.trim_end().ends_with(MASKED)) {
        if is_dump(line) {
            // What it holds is not readable, tokens included.
            if !lines.last().is_some_and(|last| last.ends_with(DUMP)) {
                lines.push(format!("{}{DUMP}", &line[..line.len() - line.trim_start().len()]).into());
            }
            headers = 0;
            continue;
        }
        let line = match log_header(line) {
            Cow::Owned(logged) if suffix::names_another(&logged, own) => continue,
            line => stable_line(line),
        };
        headers = if is_header_of_log(&line) { headers + 1 } else { 0 };
        lines.push(line);
        // Old clients write headers in any order.
        let end = lines.len();
        if headers > 1 {
            lines[end - headers..].sort();
        }
    }
    lines.join("\n")
}

/// kubectl's line about a credential that it does not show: whether there is one depends on who runs it, a token or a
/// certificate.
const MASKED: &str = "Authorization: Bearer <masked>";

const DUMP: &str = "<dump>";

/// A line of bytes in hexadecimal, as `hexdump -C` and `xxd` write them: an offset, then bytes.
fn is_dump(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let is_hex = |word: &str| word.bytes().all(|b| b.is_ascii_hexdigit());
    let offset = words.next().map(|word| word.trim_end_matches(':'));
    offset.is_some_and(|offset| matches!(offset.len(), 6..=8) && is_hex(offset))
        && words.next().is_some_and(|bytes| matches!(bytes.len(), 2..=8) && is_hex(bytes))
}

fn stable_line(mut line: Cow<'_, str>) -> Cow<'_, str> {
    if let Some(cut) = truncated(&line) {
        line = cut.into();
    }
    if let Some(plain) = http_header(&line) {
        return plain.into();
    }
    for (before, after) in COUNTS {
        if let Some(counted) = counted(&line, before, after) {
            line = counted.into();
        }
    }
    line
}

/// `I0726 22:25:32.205677  433932 loader.go:372] text` is `I loader.go] text`.
fn log_header(line: &str) -> Cow<'_, str> {
    let read = || {
        let (head, text) = line.split_once("] ").or_else(|| Some((line.strip_suffix(']')?, "")))?;
        let mut words = head.split_ascii_whitespace();
        let (date, time, process, place) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let (level, date) = date.split_at_checked(1)?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let (file, number) = place.rsplit_once(':')?;
        let is_log = matches!(level, "I" | "W" | "E" | "F")
            && date.len() == 4
            && digits(date)
            && time.len() == 15
            && digits(process)
            && digits(number)
            && words.next().is_none();
        is_log.then(|| format!("{level} {file}] {text}"))
    };
    read().map_or(Cow::Borrowed(line), Cow::Owned)
}

/// `I round_trippers.go]     Accept: application/json`
fn is_header_of_log(line: &str) -> bool {
    line.split_once("]     ").is_some_and(|(head, header)| {
        head.rsplit_once('.').is_some_and(|(_, ending)| ending == "go")
            && header.split_once(": ").is_some_and(|(name, _)| is_header_name(name))
    })
}

fn is_header_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// What is cut short ends with a word that is cut too, at a place that depends on what stands before.
fn truncated(line: &str) -> Option<String> {
    let (before, after) = line.split_once("[truncated ")?;
    let (_, after) = after.split_once(" chars]")?;
    let before = before.trim_end();
    let whole = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let cut = &before[whole.len()..];
    let cut = if cut.starts_with("eyJ") || cut.starts_with("ZXlK") { "<token>" } else { "" };
    Some(format!("{whole}{cut} [truncated]{after}"))
}

/// A header of HTTP whose value says nothing about behaviour.
fn http_header(line: &str) -> Option<String> {
    const VALUES: [(&str, &str); 6] = [
        ("date", "<time>"),
        ("content-length", "<n>"),
        ("user-agent", "<agent>"),
        ("x-request-id", "<id>"),
        // Which of the cluster's own objects let a request pass.
        ("x-kubernetes-pf-flowschema-uid", "<uid>"),
        ("x-kubernetes-pf-prioritylevel-uid", "<uid>"),
    ];
    let (name, _) = line.split_once(": ")?;
    let start = name.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).map_or(0, |at| at + 1);
    // In a log line, indented below one, or at the beginning as curl shows them.
    let is_place =
        name[..start].trim().is_empty() || name[..start].contains(".go] ") || name[..start].ends_with(['<', '>', ' ']);
    let (_, value) = VALUES.iter().find(|(known, _)| name[start..].eq_ignore_ascii_case(known))?;
    (is_place && start < name.len() && !line.trim_start().starts_with('{')).then(|| format!("{name}: {value}"))
}

/// What stands around a number that only counts; where nothing follows, the number ends by itself.
const COUNTS: [(&str, &str); 11] = [
    (" in ", " milliseconds"),
    ("milliseconds=", ""),
    ("Milliseconds=", ""),
    (" ", " ms"),
    ("\"exp\":", ""),
    ("\"iat\":", ""),
    ("\"nbf\":", ""),
    ("\"warnafter\":", ""),
    ("\"resourceVersion\":\"", "\""),
    ("\"resourceVersion\": \"", "\""),
    ("resourceVersion: \"", "\""),
];

fn counted(line: &str, before: &str, after: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = line;
    let mut found = false;
    while let Some(at) = rest.find(before) {
        let (head, tail) = rest.split_at(at + before.len());
        let length = tail.bytes().take_while(u8::is_ascii_digit).count();
        out.push_str(head);
        rest = tail;
        let is_version = before.contains("resourceVersion");
        let is_count = length > 0 && !(is_version && &tail[..length] == "0");
        if is_count && tail[length..].starts_with(after) {
            out.push_str(if is_version {
                "<resourceVersion>"
            } else if before.starts_with('"') {
                "<time>"
            } else {
                "<n>"
            });
            rest = &tail[length..];
            found = true;
        }
    }
    out.push_str(rest);
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    const OWN: &str = "-rh4k2qx";

    fn stable(text: &str) -> String {
        super::stable(text, OWN)
    }

    #[test]
    fn log_lines_lose_what_is_of_this_run() {
        for (line, expected) in [
            ("I0726 22:25:32.205677  433932 loader.go:372] Config loaded", "I loader.go] Config loaded"),
            (
                "I1124 13:48:18.563162   24672 round_trippers.go:632] \"Response\" headers=<",
                "I round_trippers.go] \"Response\" headers=<",
            ),
            (" > milliseconds=7 dialMilliseconds=0", " > milliseconds=<n> dialMilliseconds=<n>"),
            (
                "I0726 22:25:32.205677  1 round_trippers.go:463] Response Status: 201 Created in 10 milliseconds",
                "I round_trippers.go] Response Status: 201 Created in <n> milliseconds",
            ),
            ("\tDate: Tue, 24 Nov 2026 13:48:18 GMT", "\tDate: <time>"),
            ("  X-Kubernetes-Pf-Flowschema-Uid: 678149ac-1a4c", "  X-Kubernetes-Pf-Flowschema-Uid: <uid>"),
            ("\tUser-Agent: kubectl/v1.36.3 (linux/amd64)", "\tUser-Agent: <agent>"),
            (
                "{\"metadata\":{\"resourceVersion\":\"12\"}}",
                "{\"metadata\":{\"resourceVersion\":\"<resourceVersion>\"}}",
            ),
            ("  resourceVersion: \"119765\"", "  resourceVersion: \"<resourceVersion>\""),
            ("\"token\":\"eyJhbGciOi [truncated 1049 chars]", "\"token\":\"<token> [truncated]"),
            ("\"uid\":\"678149ac-1a4 [truncated 1049 chars]", "\"uid\":\" [truncated]"),
            ("I was here at 10:00:00 for 1 loader.go:1] x", "I was here at 10:00:00 for 1 loader.go:1] x"),
            ("Date of birth: 1", "Date of birth: 1"),
        ] {
            assert_eq!(stable(line), expected);
        }
    }

    #[test]
    fn what_is_logged_about_another_run_is_left_out() {
        let line =
            |run: &str| format!("E1124 13:48:18.563162   24672 memcache.go:287] no list for r{run}.example.com/v1\n");
        let text = [line("-rhh62h2"), line("-rh4k2qx"), "r-rhh62h2 as output\n".to_owned()].concat();
        let expected = "E memcache.go] no list for r-rh4k2qx.example.com/v1\nr-rhh62h2 as output\n";
        assert_eq!(super::stable(&text, OWN), expected);
    }

    #[test]
    fn a_masked_credential_says_only_who_runs() {
        let with = "I1124 13:48:18.563162   24672 round_trippers.go:527] \"Request\" headers=<\n\tAccept: */*\n\t\
                    Authorization: Bearer <masked>\n >";
        let without = with.replace("\tAuthorization: Bearer <masked>\n", "");
        assert_eq!(stable(with), stable(&without));
    }

    #[test]
    fn dumps_are_one_line_and_headers_are_sorted() {
        let text = "a\n\t00000000  6b 38 73  |k8s|\n\t00000010  63 61  |ca|\n >\n00000000: 6579 4a68  eyJh\n";
        assert_eq!(stable(text), "a\n\t<dump>\n >\n<dump>\n");
        let line = |header: &str| format!("I0726 22:25:32.205677  1 round_trippers.go:463]     {header}\n");
        let text = [line("B: 1"), line("A: 1"), "x\n".to_owned()].concat();
        assert_eq!(stable(&text), "I round_trippers.go]     A: 1\nI round_trippers.go]     B: 1\nx\n");
    }
}
