//! The same work on many things, on as many threads as there are cores.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What the main thread has: reading a manifest recurses.
const STACK: usize = 8 << 20;

/// As many threads as there are cores.
pub(crate) fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Does the work for each item, on at most so many threads. The results are in
/// the order of the items, however many threads there were.
pub(crate) fn each<T: Sync, R: Send>(
    items: &[T],
    threads: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let threads = threads.get().min(items.len());
    if threads <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let one = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(number) else {
                return done;
            };
            done.push((number, work(item)));
        }
    };
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let builder = || thread::Builder::new().stack_size(STACK);
        let workers: Vec<_> = (1..threads)
            .filter_map(|_| builder().spawn_scoped(scope, one).ok())
            .collect();
        // This thread works as well: a system that gives no others is no error.
        let mut done = one();
        for worker in workers {
            done.extend(worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..500).collect();
        for threads in [1, 2, 7, 1000] {
            let threads = NonZeroUsize::new(threads).expect("more than none");
            let doubled = each(&items, threads, |item| item * 2);
            assert_eq!(doubled, (0..500).map(|item| item * 2).collect::<Vec<_>>());
        }
        assert_eq!(each(&[] as &[u8], cores(), |item| *item), Vec::<u8>::new());
    }
}
