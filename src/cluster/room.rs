//! How many control planes this machine can run at once.

use std::fs;
use std::thread::available_parallelism;

/// A control plane takes half a gigabyte, and somewhat more while it starts.
const EACH: u64 = 700 << 20;

/// Starting one keeps a processor busy for seconds, and scenarios that run beside each other on it do so too: more of them
/// only make each slower, until limits of time are not kept.
const FOR_EACH_PROCESSOR: usize = 1;

/// As many control planes as memory and processors allow at once, at least one.
pub fn room() -> usize {
    let processors = available_parallelism().map_or(1, usize::from);
    let memory = memory().map_or(usize::MAX, |memory| usize::try_from(memory / EACH).unwrap_or(usize::MAX));
    memory.min(processors * FOR_EACH_PROCESSOR).max(1)
}

/// The memory that can still be used, in bytes: of the machine, or of the container if that has less.
fn memory() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
    let number =
        |name: &str| -> Option<u64> { fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse().ok() };
    let container = number("memory.max").and_then(|max| Some(max.saturating_sub(number("memory.current")?)));
    machine.into_iter().chain(container).min()
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn available_memory_is_read_and_there_is_room_for_one() {
        let text = "MemTotal:       24683520 kB\nMemFree:  3192832 kB\nMemAvailable:   23625728 kB\n";
        assert_eq!(available(text), Some(23_625_728 << 10));
        assert_eq!(available("MemTotal: 1 kB"), None);
        assert!(room() >= 1);
    }
}
