//! Tokens: who made which, how many there are.

use counterpart_store::{StoreError, TokenKept, TokenRow};

use crate::Home;

fn token(number: u32, made_by: Option<u32>) -> TokenRow {
    let hash = |number: u32| {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&number.to_be_bytes());
        hash
    };
    TokenRow {
        hash: hash(number),
        name: format!("token {number}"),
        seat: None,
        scopes: "manage".to_owned(),
        made: 1_000,
        expires: None,
        ended: None,
        used: None,
        made_by: made_by.map(hash),
        root: hash(made_by.unwrap_or(number)),
    }
}

#[test]
fn a_token_ends_with_the_one_that_made_it() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    store
        .write(|txn| {
            for (number, by) in [(1, None), (2, Some(1)), (3, Some(2)), (4, Some(1)), (5, None)] {
                assert_eq!(txn.insert_token(&token(number, by))?, TokenKept::New);
            }
            assert_eq!(txn.insert_token(&token(5, None))?, TokenKept::NameTaken);
            assert!(txn.end_token("token 2", 2_000)?);
            assert_eq!(txn.insert_token(&token(6, Some(2)))?, TokenKept::MakerEnded);
            assert!(txn.end_token("token 1", 3_000)?);
            assert!(!txn.end_token("token 4", 4_000)?, "it ended with the first");
            Ok::<_, StoreError>(())
        })
        .expect("written");
    let ended: Vec<_> = store.tokens().expect("readable").into_iter().map(|row| row.ended).collect();
    assert_eq!(ended, [Some(3_000), Some(2_000), Some(2_000), Some(3_000), None]);
}

#[test]
fn only_so_many_stand_and_only_so_many_that_ended_are_remembered() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    store
        .write(|txn| {
            for number in 0..1_000 {
                assert_eq!(txn.insert_token(&token(number, None))?, TokenKept::New);
            }
            assert_eq!(txn.insert_token(&token(1_000, None))?, TokenKept::Full { most: 1_000 });
            Ok::<_, StoreError>(())
        })
        .expect("written");
    // Each that ends makes room for one; the oldest that ended are forgotten.
    for hundred in 0..11_u32 {
        store
            .write(|txn| {
                for number in hundred * 100..(hundred + 1) * 100 {
                    assert!(txn.end_token(&format!("token {number}"), 2_000 + i64::from(number))?);
                    let next = TokenRow { made: 2_000 + i64::from(number), ..token(1_000 + number, None) };
                    assert_eq!(txn.insert_token(&next)?, TokenKept::New);
                }
                Ok::<_, StoreError>(())
            })
            .expect("written");
    }
    let all = store.tokens().expect("readable");
    let stand = all.iter().filter(|row| row.ended.is_none()).count();
    assert_eq!((stand, all.len()), (1_000, 2_000));
    assert_eq!(store.token(&token(0, None).hash), Ok(None));
    assert!(store.token(&token(1_099, None).hash).expect("readable").is_some_and(|row| row.ended.is_some()));
}
