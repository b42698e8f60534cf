//! The outlines of the marks: each can be told from the others without colour.

use super::Shape;

/// A closed line through points around another.
fn around(x: usize, y: usize, points: &[(i64, i64)]) -> String {
    let (x, y) = (i64::try_from(x).unwrap_or(0), i64::try_from(y).unwrap_or(0));
    let point =
        |(n, (dx, dy)): (usize, &(i64, i64))| format!("{}{} {}", if n == 0 { "M" } else { "L" }, x + dx, y + dy);
    format!("{}Z", points.iter().enumerate().map(point).collect::<String>())
}

fn ring(x: usize, y: usize, r: usize) -> String {
    let d = 2 * r;
    format!("M{} {y}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0Z", x.saturating_sub(r))
}

/// Where a bar meets a lane: told apart like the bar itself.
pub(super) fn knot(word: &str, x: usize, y: usize) -> String {
    match word {
        "changed" => around(x, y, &[(0, -7), (6, 0), (0, 7), (-6, 0)]),
        "done" | "stands" => around(x, y, &[(-5, -5), (5, -5), (5, 5), (-5, 5)]),
        "ended" | "off" => around(x, y, &[(-6, -2), (6, -2), (6, 2), (-6, 2)]),
        _ => ring(x, y, 5),
    }
}

/// The outline around a point.
pub(super) fn outline(shape: Shape, x: usize, y: usize) -> String {
    let polygon = |points: &[(i64, i64)]| around(x, y, points);
    let circle = |r: usize| ring(x, y, r);
    match shape {
        Shape::Case => polygon(&[(-7, -7), (7, -7), (7, 7), (-7, 7)]),
        Shape::Fact => circle(6),
        Shape::Offer => polygon(&[(0, -11), (11, 0), (0, 11), (-11, 0)]),
        Shape::Assent => circle(9),
        Shape::Refusal => polygon(&[
            (-9, -6),
            (-6, -9),
            (0, -3),
            (6, -9),
            (9, -6),
            (3, 0),
            (9, 6),
            (6, 9),
            (0, 3),
            (-6, 9),
            (-9, 6),
            (-3, 0),
        ]),
        Shape::Work => polygon(&[(-8, -9), (10, 0), (-8, 9)]),
        Shape::Missed => polygon(&[(-10, -8), (10, -8), (0, 10)]),
        Shape::Decision => polygon(&[(-5, -10), (5, -10), (11, 0), (5, 10), (-5, 10), (-11, 0)]),
        Shape::Due => polygon(&[(-7, 11), (-7, -11), (10, -6), (-4, -1), (-4, 11)]),
    }
}
