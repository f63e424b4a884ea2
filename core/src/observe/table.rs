//! Tables as `kubectl get` prints them. Which columns there are is behaviour; how wide they are, how old things are and
//! which addresses they have is not.

use std::collections::HashSet;
use std::net::IpAddr;

/// A header and the rows below it, in cells.
pub(super) struct Table {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// How many lines it takes.
    pub(super) length: usize,
    /// Whether its rows stand in the order of their names, as a server lists them.
    pub(super) is_sorted: bool,
}

impl Table {
    /// The table that begins with the first of these lines.
    pub(super) fn read(lines: &[&str]) -> Option<Self> {
        let (first, rest) = lines.split_first()?;
        let starts = columns(first)?;
        let header: Vec<String> = cells(first, &starts)?;
        let rows: Vec<Vec<String>> = rest.iter().map_while(|line| cells(line, &starts)).collect();
        let is_sorted = is_list(&header, &rows) && rows.is_sorted_by(|a, b| a[0] <= b[0]);
        let length = rows.len() + 1;
        let mut table = Self { header, rows, length, is_sorted };
        for (index, name) in table.header.iter().enumerate() {
            for row in &mut table.rows {
                if let Some(stable) = stable(name, &row[index]) {
                    row[index] = stable;
                }
            }
        }
        Some(table)
    }
}

/// The column of what happened to an object, where a watch prints it.
const EVENT: &str = "EVENT";

/// Whether no object has two rows: those of a watch stand in the order of what happened.
fn is_list(header: &[String], rows: &[Vec<String>]) -> bool {
    let names = match header[0].as_str() {
        EVENT => return false,
        "NAME" => 1,
        "NAMESPACE" => 2,
        _ => return true,
    };
    let mut seen = HashSet::new();
    rows.iter().all(|row| seen.insert(&row[..names]))
}

/// Where the columns of a header begin, in characters.
fn columns(line: &str) -> Option<Vec<usize>> {
    const FIRST: [&str; 5] = ["NAME", "NAMESPACE", "LAST SEEN", "CURRENT", EVENT];
    let characters: Vec<char> = line.chars().collect();
    let begins = |at: usize| {
        characters[at] != ' ' && (at == 0 || at > 1 && characters[at - 1] == ' ' && characters[at - 2] == ' ')
    };
    let starts: Vec<usize> = (0..characters.len()).filter(|&at| begins(at)).collect();
    let is_header = characters.iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || " ()-/%".contains(*c));
    let first = line.split("  ").next().unwrap_or_default();
    (is_header && starts.len() > 1 && FIRST.contains(&first)).then_some(starts)
}

/// The cells of a line that has a gap before each column.
fn cells(line: &str, starts: &[usize]) -> Option<Vec<String>> {
    let characters: Vec<char> = line.chars().collect();
    let fits = starts.iter().all(|&start| start < characters.len() && (start == 0 || characters[start - 1] == ' '));
    if !fits {
        return None;
    }
    let ends = starts.iter().skip(1).copied().chain([characters.len()]);
    let cell = |(&start, end): (&usize, usize)| characters[start..end].iter().collect::<String>().trim().to_owned();
    Some(starts.iter().zip(ends).map(cell).collect())
}

/// The cell of a column whose value is of this run.
fn stable(column: &str, cell: &str) -> Option<String> {
    match column {
        "AGE" | "LAST SEEN" | "FIRST SEEN" | "DURATION" => is_age(cell).then(|| "<age>".to_owned()),
        "IP" | "CLUSTER-IP" | "EXTERNAL-IP" | "INTERNAL-IP" => cell.parse::<IpAddr>().ok().map(|_| "<ip>".to_owned()),
        "RESTARTS" => {
            let (count, since) = cell.split_once(" (")?;
            is_age(since.strip_suffix(" ago)")?).then(|| format!("{count} (<age> ago)"))
        }
        "PORT(S)" => {
            let port = |port: &str| match port
                .split_once(':')
                .and_then(|(port, node)| Some((port, node.split_once('/')?.1)))
            {
                Some((port, protocol)) => format!("{port}:<port>/{protocol}"),
                None => port.to_owned(),
            };
            Some(cell.split(',').map(port).collect::<Vec<_>>().join(","))
        }
        _ => None,
    }
}

/// `9h`, `2m33s`, `3d4h`.
fn is_age(text: &str) -> bool {
    let mut rest = text;
    while let Some(end) = rest.find(|c: char| !c.is_ascii_digit()).filter(|&end| end > 0) {
        match rest[end..].strip_prefix(['y', 'd', 'h', 'm', 's']) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty() && !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_by_their_header() {
        let lines = [
            "NAME        TYPE     CLUSTER-IP     EXTERNAL-IP   PORT(S)        RESTARTS     AGE",
            "a-b-c       Opaque   10.96.3.7      <none>        80:31234/TCP   1 (5s ago)   2m33s",
            "ä           Opaque   None           <none>        80/TCP         0            <unknown>",
            "kind: Secret",
        ];
        let table = Table::read(&lines).unwrap();
        assert_eq!(table.header[3..5], ["EXTERNAL-IP", "PORT(S)"]);
        assert_eq!(table.rows[0], ["a-b-c", "Opaque", "<ip>", "<none>", "80:<port>/TCP", "1 (<age> ago)", "<age>"]);
        assert_eq!(table.rows[1][5..], ["0", "<unknown>"]);
        assert_eq!((table.rows.len(), table.length, table.is_sorted), (2, 3, true));
    }

    #[test]
    fn the_rows_of_a_watch_are_in_the_order_of_what_happened() {
        let is_sorted = |lines: &[&str]| Table::read(lines).unwrap().is_sorted;
        assert!(!is_sorted(&["NAME   STATUS", "a      Running", "a      Failed", "b      Pending"]));
        assert!(!is_sorted(&["EVENT     NAME   AGE", "ADDED     b      1s", "DELETED   a      0s"]));
        assert!(!is_sorted(&["NAMESPACE   NAME", "x           a", "x           a"]));
        assert!(is_sorted(&["NAMESPACE   NAME", "x           a", "x           b"]));
    }

    #[test]
    fn other_texts_are_no_tables() {
        for line in ["NAME", "apiVersion: v1", "NAME: X  Y", "VALUE  AGE", "", "NAME of the  THING"] {
            assert!(Table::read(&[line]).is_none(), "{line}");
        }
        assert!(is_age("9h") && is_age("2m33s") && !is_age("2x") && !is_age("") && !is_age("m") && !is_age("3"));
    }
}
