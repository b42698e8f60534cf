//! In which cases a word stands, as a store in a file keeps it: every case has a number there, numbers go by blocks, and a row
//! for each word and block says which of the block's cases have it. That takes a bit to two bytes a case, and what any
//! beginning of a word leads to is joined in memory.

use std::collections::BTreeMap;

use crate::StoreError;

/// Numbers in a block.
const BLOCK: i64 = 4_096;

/// Bytes in which each number of a block has a bit.
const BITS: usize = 512;

/// The block that a number is in, and its place there.
pub(crate) fn place(number: i64) -> (i64, u16) {
    let place = u16::try_from(number.rem_euclid(BLOCK)).expect("less than the block is long");
    (number.div_euclid(BLOCK), place)
}

/// Which cases of a block, as it is stored: their places one by one, in order, or a bit for each where that is less.
enum Places<'a> {
    Few(&'a [[u8; 2]]),
    Many(&'a [u8; BITS]),
}

impl<'a> Places<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, StoreError> {
        if let Ok(bits) = bytes.try_into() {
            return Ok(Self::Many(bits));
        }
        let (few, odd) = bytes.as_chunks::<2>();
        if bytes.len() > BITS || !odd.is_empty() || few.iter().any(|at| i64::from(u16::from_be_bytes(*at)) >= BLOCK) {
            return Err(StoreError::Damaged {
                detail: "which cases have a word is not what is written there".to_owned(),
            });
        }
        Ok(Self::Few(few))
    }
}

/// With one place more; nothing where it is there already.
pub(crate) fn with(bytes: &[u8], place: u16) -> Result<Option<Vec<u8>>, StoreError> {
    let (byte, bit) = (usize::from(place / 8), 1_u8 << (place % 8));
    match Places::read(bytes)? {
        Places::Few(few) => {
            let Err(at) = few.binary_search(&place.to_be_bytes()) else { return Ok(None) };
            let mut places = few.to_vec();
            places.insert(at, place.to_be_bytes());
            if places.len() * 2 < BITS {
                return Ok(Some(places.into_flattened()));
            }
            let mut bits = vec![0; BITS];
            for at in places.into_iter().map(u16::from_be_bytes) {
                bits[usize::from(at / 8)] |= 1 << (at % 8);
            }
            Ok(Some(bits))
        }
        Places::Many(bits) if bits[byte] & bit > 0 => Ok(None),
        Places::Many(bits) => {
            let mut bits = bits.to_vec();
            bits[byte] |= bit;
            Ok(Some(bits))
        }
    }
}

/// How many places are there.
pub(crate) fn count(bytes: &[u8]) -> Result<usize, StoreError> {
    Ok(match Places::read(bytes)? {
        Places::Few(few) => few.len(),
        Places::Many(bits) => bits.iter().map(|byte| byte.count_ones() as usize).sum(),
    })
}

/// Numbers of cases, in no more memory than a bit for each that there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Numbers(BTreeMap<i64, Box<[u64; BITS / 8]>>);

impl Numbers {
    fn block(&mut self, block: i64) -> &mut [u64; BITS / 8] {
        self.0.entry(block).or_insert_with(|| Box::new([0; BITS / 8]))
    }

    pub(crate) fn add(&mut self, number: i64) {
        let (block, place) = place(number);
        self.block(block)[usize::from(place / 64)] |= 1 << (place % 64);
    }

    /// Adds what is stored of a block.
    pub(crate) fn add_block(&mut self, block: i64, bytes: &[u8]) -> Result<(), StoreError> {
        let places = Places::read(bytes)?;
        let here = self.block(block);
        match places {
            Places::Few(few) => {
                for place in few.iter().copied().map(u16::from_be_bytes) {
                    here[usize::from(place / 64)] |= 1 << (place % 64);
                }
            }
            Places::Many(bits) => {
                let (parts, _none) = bits.as_chunks::<8>();
                for (here, part) in here.iter_mut().zip(parts) {
                    *here |= u64::from_le_bytes(*part);
                }
            }
        }
        Ok(())
    }

    /// Keeps those that are in the other as well.
    pub(crate) fn keep_common(&mut self, other: &Self) {
        self.0.retain(|block, here| {
            let Some(there) = other.0.get(block) else { return false };
            for (here, there) in here.iter_mut().zip(there.iter()) {
                *here &= there;
            }
            here.iter().any(|bits| *bits > 0)
        });
    }

    pub(crate) fn contains(&self, number: i64) -> bool {
        let (block, place) = place(number);
        self.0.get(&block).is_some_and(|here| here[usize::from(place / 64)] >> (place % 64) & 1 == 1)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.values().flat_map(|here| here.iter()).map(|bits| bits.count_ones() as usize).sum()
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = i64> {
        self.0.iter().flat_map(|(block, here)| {
            let parts = here.iter().zip((0..BLOCK).step_by(64));
            // A damaged block may be any number.
            let number = |at: i64| block.saturating_mul(BLOCK).saturating_add(at);
            parts.flat_map(move |(bits, from)| {
                (0..64).filter(move |n| bits >> n & 1 == 1).map(move |n| number(from + n))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{BITS, BLOCK, Numbers, count, place, with};

    /// So many numbers that look random, below an end.
    fn some(seed: u64, many: usize, end: i64) -> Vec<i64> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from(state >> 33).expect("31 bits") % end
        };
        (0..many).map(|_| next()).collect()
    }

    #[test]
    fn what_is_written_is_read_however_many_there_are() {
        for (seed, many) in [(1, 1), (2, 20), (3, 255), (4, 256), (5, 257), (6, 3_000), (7, 20_000)] {
            let (mut bytes, mut model) = (Vec::new(), BTreeSet::new());
            for number in some(seed, many, BLOCK) {
                let (block, place) = place(number);
                assert_eq!(block, 0);
                let new = with(&bytes, place).expect("read");
                assert_eq!(new.is_some(), model.insert(number));
                bytes = new.unwrap_or(bytes);
            }
            assert!(bytes.len() <= BITS && bytes.len() <= 2 * model.len());
            assert_eq!(count(&bytes), Ok(model.len()));
            let mut numbers = Numbers::default();
            numbers.add_block(3, &bytes).expect("read");
            assert_eq!(numbers.len(), model.len());
            assert!(numbers.iter().eq(model.iter().map(|number| number + 3 * BLOCK)));
        }
    }

    #[test]
    fn numbers_are_a_set() {
        let (one, other) = (some(1, 3_000, 50_000), some(2, 9_000, 50_000));
        let set = |numbers: &[i64]| {
            let mut set = Numbers::default();
            numbers.iter().for_each(|number| set.add(*number));
            set
        };
        let model = |numbers: &[i64]| numbers.iter().copied().collect::<BTreeSet<_>>();
        let mut both = set(&one);
        both.keep_common(&set(&other));
        let wanted: BTreeSet<i64> = model(&one).intersection(&model(&other)).copied().collect();
        assert!(!wanted.is_empty() && both.iter().eq(wanted.iter().copied()));
        assert!((0..50_000).all(|number| both.contains(number) == wanted.contains(&number)));
        both.keep_common(&Numbers::default());
        assert_eq!((both.len(), both), (0, Numbers::default()));
    }

    #[test]
    fn what_nobody_wrote_is_damage() {
        for bytes in [vec![1], vec![0x10, 0x00], vec![0xff; 2], vec![0; 511], vec![0; 514], vec![0; 100_000]] {
            assert!(with(&bytes, 1).is_err() && count(&bytes).is_err());
            assert!(Numbers::default().add_block(0, &bytes).is_err());
        }
        let mut numbers = Numbers::default();
        [i64::MAX, i64::MIN, -1].into_iter().for_each(|number| numbers.add(number));
        assert!(numbers.iter().eq([i64::MIN, -1, i64::MAX]));
        for block in [i64::MAX, i64::MIN] {
            numbers.add_block(block, &[0, 7]).expect("any block is a number");
        }
        assert_eq!((numbers.len(), numbers.iter().count()), (5, 5));
    }
}
