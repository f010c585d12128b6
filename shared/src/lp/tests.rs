//! Random programs against brute force over all bases, and warm starts against cold ones.
use super::{Lp, Status};
use crate::rng::Rng;

struct Random {
    rhs: Vec<f64>,
    row_bounds: Vec<(f64, f64)>,
    cost: Vec<f64>,
    bounds: Vec<(f64, f64)>,
    matrix: Vec<Vec<f64>>,
}

fn random(rng: &mut Rng) -> Random {
    let (rows, cols) = (1 + rng.below(4), 1 + rng.below(5));
    let small = |rng: &mut Rng| rng.below(7) as f64 - 3.0;
    Random {
        rhs: (0..rows).map(|_| small(rng)).collect(),
        row_bounds: (0..rows)
            .map(|_| match rng.below(4) {
                0 => (0.0, 0.0),
                1 => (0.0, f64::INFINITY),
                2 => (f64::NEG_INFINITY, 0.0),
                _ => (-1.0, 2.0),
            })
            .collect(),
        cost: (0..cols).map(|_| small(rng)).collect(),
        bounds: (0..cols)
            .map(|_| if rng.below(4) == 0 { (0.0, 0.0) } else { (0.0, 1.0 + rng.below(3) as f64) })
            .collect(),
        matrix: (0..rows)
            .map(|_| (0..cols).map(|_| if rng.below(2) == 0 { 0.0 } else { small(rng) }).collect())
            .collect(),
    }
}

fn build(p: &Random, mut lp: Lp) -> Lp {
    for (r, &b) in p.rhs.iter().enumerate() {
        lp.add_row(b, p.row_bounds[r].0, p.row_bounds[r].1, &[]);
    }
    for (j, &c) in p.cost.iter().enumerate() {
        let entries: Vec<(usize, f64)> =
            (0..p.rhs.len()).filter(|&r| p.matrix[r][j] != 0.0).map(|r| (r, p.matrix[r][j])).collect();
        lp.add_column(c, p.bounds[j].0, p.bounds[j].1, &entries);
    }
    lp
}

/// Optimum by enumerating vertices: each variable at a bound or basic, Gaussian elimination for the basic ones.
fn brute(p: &Random) -> Option<f64> {
    let (rows, cols) = (p.rhs.len(), p.cost.len());
    let total = rows + cols;
    let bound = |v: usize| if v < cols { p.bounds[v] } else { p.row_bounds[v - cols] };
    let entry = |r: usize, v: usize| if v < cols { p.matrix[r][v] } else { f64::from(u8::from(v - cols == r)) };
    let mut best: Option<f64> = None;
    let mut states = vec![0u8; total];
    loop {
        let basic: Vec<usize> = (0..total).filter(|&v| states[v] == 2).collect();
        if basic.len() == rows {
            let rest: Option<Vec<f64>> = (0..total)
                .map(|v| match states[v] {
                    0 => Some(bound(v).0).filter(|x| x.is_finite()),
                    1 => Some(bound(v).1).filter(|x| x.is_finite()),
                    _ => Some(0.0),
                })
                .collect();
            if let Some(mut x) = rest {
                let a: Vec<Vec<f64>> = (0..rows)
                    .map(|r| {
                        let b = p.rhs[r] - (0..total).map(|v| entry(r, v) * x[v]).sum::<f64>();
                        basic.iter().map(|&v| entry(r, v)).chain([b]).collect()
                    })
                    .collect();
                if let Some(values) = gauss(a) {
                    for (&v, &value) in basic.iter().zip(&values) {
                        x[v] = value;
                    }
                    if (0..total).all(|v| x[v] >= bound(v).0 - 1e-9 && x[v] <= bound(v).1 + 1e-9) {
                        let z: f64 = (0..cols).map(|j| p.cost[j] * x[j]).sum();
                        best = Some(best.map_or(z, |b| b.min(z)));
                    }
                }
            }
        }
        let Some(at) = states.iter().position(|&s| s < 2) else { return best };
        states[at] += 1;
        states[..at].fill(0);
    }
}

#[allow(clippy::needless_range_loop)] // two rows of one matrix
fn gauss(mut a: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = a.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|&x, &y| a[x][k].abs().total_cmp(&a[y][k].abs()))?;
        if a[pivot][k].abs() < 1e-9 {
            return None;
        }
        a.swap(k, pivot);
        for r in 0..n {
            if r != k {
                let f = a[r][k] / a[k][k];
                for c in k..=n {
                    a[r][c] -= f * a[k][c];
                }
            }
        }
    }
    Some((0..n).map(|k| a[k][n] / a[k][k]).collect())
}

fn agrees(lp: &mut Lp, p: &Random, what: &str) {
    let status = lp.solve(10_000);
    match brute(p) {
        None => assert_eq!(status, Status::Infeasible, "{what}"),
        Some(z) => {
            assert_eq!(status, Status::Optimal, "{what}");
            assert!((lp.objective() - z).abs() < 1e-6, "{what}: {} instead of {z}", lp.objective());
        }
    }
}

#[test]
fn equals_enumeration_also_after_changes() {
    let mut rng = Rng::new(7);
    for case in 0..3000 {
        let mut p = random(&mut rng);
        let mut lp = build(&p, if case % 2 == 0 { Lp::default() } else { Lp::with_inverse() });
        agrees(&mut lp, &p, &format!("case {case}, cold"));
        let j = rng.below(p.cost.len());
        p.bounds[j] = (0.0, rng.below(3) as f64);
        lp.set_bounds(j, p.bounds[j].0, p.bounds[j].1);
        agrees(&mut lp, &p, &format!("case {case}, bounds"));
        p.cost.push(-2.0);
        p.bounds.push((0.0, 2.0));
        for row in &mut p.matrix {
            row.push(rng.below(3) as f64 - 1.0);
        }
        let entries: Vec<(usize, f64)> = p.matrix.iter().map(|row| *row.last().unwrap()).enumerate().collect();
        lp.add_column(-2.0, 0.0, 2.0, &entries);
        agrees(&mut lp, &p, &format!("case {case}, column"));
        p.matrix.push((0..p.cost.len()).map(|_| rng.below(3) as f64 - 1.0).collect());
        p.rhs.push(1.0);
        p.row_bounds.push((0.0, f64::INFINITY));
        let entries: Vec<(usize, f64)> = p.matrix.last().unwrap().iter().copied().enumerate().collect();
        lp.add_row(1.0, 0.0, f64::INFINITY, &entries);
        agrees(&mut lp, &p, &format!("case {case}, row"));
    }
}

/// Set covering with many rows: strong duality and feasibility, warm equals cold.
#[test]
fn large_covering_is_optimal() {
    let mut rng = Rng::new(3);
    for (rows, mut lp) in
        [(30, Lp::default()), (150, Lp::default()), (30, Lp::with_inverse()), (150, Lp::with_inverse())]
    {
        for r in 0..rows {
            lp.add_row(1.0, f64::NEG_INFINITY, 0.0, &[]);
            lp.add_column(1000.0, 0.0, f64::INFINITY, &[(r, 1.0)]);
        }
        for _ in 0..20 {
            for _ in 0..rows {
                let mut list: Vec<(usize, f64)> = (0..3 + rng.below(8)).map(|_| (rng.below(rows), 1.0)).collect();
                list.sort_by_key(|e| e.0);
                list.dedup_by_key(|e| e.0);
                lp.add_column((5 + rng.below(40)) as f64, 0.0, f64::INFINITY, &list);
            }
            assert_eq!(lp.solve(100_000), Status::Optimal);
            let dual: f64 = lp.duals().iter().sum();
            assert!((lp.objective() - dual).abs() < 1e-6, "{} {dual}", lp.objective());
            assert!(lp.duals().iter().all(|&y| y >= -1e-7));
        }
        let mut cold = lp.clone();
        cold.factored = false;
        cold.head = (0..rows as u32).map(|r| super::LOGICAL | r).collect();
        for j in 0..cold.columns() {
            cold.columns.place[j] = super::Place::Lower;
        }
        for r in 0..rows {
            cold.logicals.place[r] = super::Place::Basic(r as u32);
        }
        assert_eq!(cold.solve(100_000), Status::Optimal);
        assert!((cold.objective() - lp.objective()).abs() < 1e-6);
        println!("{rows} rows, {} columns: {} pivots warm, {} cold", lp.columns(), lp.pivots, cold.pivots - lp.pivots);
    }
}

/// What column generation on one side of a split does, and then on the other.
#[test]
fn an_earlier_basis_is_taken_up_again_whatever_came_in_between() {
    let mut rng = Rng::new(11);
    for case in 0..300 {
        let mut p = random(&mut rng);
        let mut lp = build(&p, if case % 2 == 0 { Lp::default() } else { Lp::with_inverse() });
        agrees(&mut lp, &p, &format!("case {case}, at first"));
        let basis = lp.basis();
        let (j, bounds) = (rng.below(p.cost.len()), (0.0, rng.below(3) as f64));
        let before = std::mem::replace(&mut p.bounds[j], bounds);
        lp.set_bounds(j, bounds.0, bounds.1);
        p.cost.push(-1.0);
        p.bounds.push((0.0, 1.0));
        p.matrix.iter_mut().for_each(|row| row.push(rng.below(3) as f64 - 1.0));
        let entries: Vec<(usize, f64)> = p.matrix.iter().map(|row| row[row.len() - 1]).enumerate().collect();
        lp.add_column(-1.0, 0.0, 1.0, &entries);
        agrees(&mut lp, &p, &format!("case {case}, in between"));
        p.bounds[j] = before;
        lp.set_bounds(j, before.0, before.1);
        lp.set_basis(basis);
        agrees(&mut lp, &p, &format!("case {case}, again"));
    }
}

/// Thousands of pivots on one inverse: what rounding does to it is seen and mended.
#[test]
fn an_inverse_that_has_gone_wrong_is_built_anew() {
    let mut rng = Rng::new(5);
    let mut lp = Lp::with_inverse();
    for r in 0..40 {
        lp.add_row(1.0, f64::NEG_INFINITY, 0.0, &[]);
        lp.add_column(50.0, 0.0, f64::INFINITY, &[(r, 1.0)]);
    }
    for _ in 0..400 {
        let mut list: Vec<(usize, f64)> = (0..3 + rng.below(6)).map(|_| (rng.below(40), 1.0)).collect();
        list.sort_by_key(|e| e.0);
        list.dedup_by_key(|e| e.0);
        lp.add_column((5 + rng.below(40)) as f64, 0.0, f64::INFINITY, &list);
    }
    assert_eq!(lp.solve(100_000), Status::Optimal);
    let right = lp.objective();
    lp.inverse.as_mut().expect("made with one").value.iter_mut().for_each(|v| *v += 1e-4);
    assert_eq!(lp.solve(100_000), Status::Optimal);
    assert!((lp.objective() - right).abs() < 1e-9);
}
