//! Puts things in an order in which each comes after those it needs. Linear in
//! things and needs, and without recursion: a chain may be very long.

/// An order of things by their places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Order {
    /// Things of one wave need only things of the waves before it; in each,
    /// the places ascend.
    pub(crate) waves: Vec<Vec<usize>>,
    /// Circles: each thing needs the next one, the last needs the first. One
    /// for each knot of things that need each other.
    pub(crate) circles: Vec<Vec<usize>>,
}

/// Orders things, of which `needs` says for each place which places it needs.
/// Things in a circle, and those that need them, stand in no wave.
pub(crate) fn order(needs: &[Vec<usize>]) -> Order {
    let mut waiting: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (place, needed) in needs.iter().enumerate() {
        for other in needed {
            needed_by[*other].push(place);
        }
    }
    let mut waves = Vec::new();
    let mut wave: Vec<usize> = (0..needs.len()).filter(|place| waiting[*place] == 0).collect();
    while !wave.is_empty() {
        let mut next = Vec::new();
        for place in &wave {
            for other in &needed_by[*place] {
                waiting[*other] -= 1;
                if waiting[*other] == 0 {
                    next.push(*other);
                }
            }
        }
        next.sort_unstable();
        waves.push(std::mem::replace(&mut wave, next));
    }
    Order {
        waves,
        circles: circles(needs, &waiting),
    }
}

/// Follows needs from each thing that never became free until a thing comes
/// again: what lies between is a circle. Every thing is walked over once.
fn circles(needs: &[Vec<usize>], waiting: &[usize]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut walk_of = vec![UNSEEN; needs.len()];
    let mut circles = Vec::new();
    for start in (0..needs.len()).filter(|place| waiting[*place] > 0) {
        let mut walk = Vec::new();
        let mut at = start;
        while walk_of[at] == UNSEEN {
            walk_of[at] = start;
            walk.push(at);
            // What is not free needs something that is not free.
            let Some(next) = needs[at].iter().find(|place| waiting[**place] > 0) else {
                break;
            };
            at = *next;
        }
        if walk_of[at] == start
            && let Some(from) = walk.iter().position(|place| *place == at)
        {
            circles.push(turned(walk.split_off(from)));
        }
    }
    circles
}

/// The same circle, told from the thing that was written first.
fn turned(mut circle: Vec<usize>) -> Vec<usize> {
    let first = circle.iter().enumerate().min_by_key(|(_, place)| **place);
    let first = first.map_or(0, |(index, _)| index);
    circle.rotate_left(first);
    circle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(needs: &[&[usize]], waves: &[&[usize]], circles: &[&[usize]]) {
        let needs: Vec<Vec<usize>> = needs.iter().map(|places| places.to_vec()).collect();
        let found = order(&needs);
        assert_eq!(found.waves, waves);
        assert_eq!(found.circles, circles);
    }

    #[test]
    fn things_come_after_what_they_need() {
        case(&[], &[], &[]);
        case(&[&[], &[]], &[&[0, 1]], &[]);
        case(&[&[1], &[]], &[&[1], &[0]], &[]);
        case(&[&[], &[0], &[0], &[1, 2]], &[&[0], &[1, 2], &[3]], &[]);
        case(&[&[], &[0], &[0, 1]], &[&[0], &[1], &[2]], &[]);
    }

    #[test]
    fn circles_are_told_once_and_whole() {
        case(&[&[0]], &[], &[&[0]]);
        case(&[&[1], &[0]], &[], &[&[0, 1]]);
        case(&[&[], &[3, 0], &[1], &[2]], &[&[0]], &[&[1, 3, 2]]);
        // What only waits for a circle is no part of it.
        case(&[&[1], &[2], &[1]], &[], &[&[1, 2]]);
        case(&[&[1], &[0], &[3], &[2]], &[], &[&[0, 1], &[2, 3]]);
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_and_a_circle_as_long() {
        let mut needs: Vec<Vec<usize>> = (0..100_000_usize)
            .map(|n| n.checked_sub(1).into_iter().collect())
            .collect();
        assert_eq!(order(&needs).waves.len(), 100_000);
        needs[0] = vec![99_999];
        let found = order(&needs);
        assert_eq!((found.waves.len(), found.circles[0].len()), (0, 100_000));
    }
}
