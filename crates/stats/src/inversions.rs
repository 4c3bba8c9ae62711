//! Counting pairs that are out of order.

/// Sorts `values` and returns how many pairs `i < j` had `values[i] > values[j]`.
pub(crate) fn sort_counting_inversions(values: &mut [f64]) -> u64 {
    let mut buffer = values.to_vec();
    let mut inversions = 0;
    let mut width = 1;
    while width < values.len() {
        for (block, merged) in values.chunks(2 * width).zip(buffer.chunks_mut(2 * width)) {
            let (left, right) = block.split_at(width.min(block.len()));
            inversions += merge(left, right, merged);
        }
        values.copy_from_slice(&buffer);
        width *= 2;
    }
    inversions
}

fn merge(left: &[f64], right: &[f64], merged: &mut [f64]) -> u64 {
    let (mut from_left, mut from_right, mut inversions) = (0, 0, 0);
    for slot in merged {
        let take_right = match (left.get(from_left), right.get(from_right)) {
            (Some(one), Some(other)) => one > other,
            (None, _) => true,
            (Some(_), None) => false,
        };
        if take_right {
            *slot = right[from_right];
            from_right += 1;
            inversions += (left.len() - from_left) as u64;
        } else {
            *slot = left[from_left];
            from_left += 1;
        }
    }
    inversions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inversions_are_those_of_all_pairs() {
        for seed in 1..40_u32 {
            let values: Vec<f64> = (0..seed).map(|i| f64::from(i * i * seed % 13)).collect();
            let mut want = 0;
            for (index, one) in values.iter().enumerate() {
                want += values[index..].iter().filter(|other| one > *other).count() as u64;
            }
            let mut sorted = values.clone();
            assert_eq!(sort_counting_inversions(&mut sorted), want);
            assert!(sorted.is_sorted());
        }
    }
}
