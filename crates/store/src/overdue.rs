//! Telling that something fell due: of each case and time once, as a change, whoever looks and however often.

use counterpart_core::id::CaseId;

use crate::{FellDue, Reads, StoreError, Txn, db::params};

// That there is one is said as the indexes say it, so that they are seen to fit.
const ALARMS: &str = "SELECT case_id, alarm FROM queue WHERE alarm IS NOT NULL AND alarm < ?1
                      ORDER BY alarm, case_id LIMIT ?2";
const TOLD: &str = "SELECT due FROM changes WHERE case_id = ?1 AND due IS NOT NULL AND due >= ?2 AND due <= ?3";

impl Reads {
    /// At most so many cases in which something was due before this time that was not told of, the earliest first; each with
    /// that time.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn alarms(&self, before: i64, most: usize) -> Result<Vec<(CaseId, i64)>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.rows(ALARMS, params![before, most], |row| Ok((CaseId(row.get(0)?), row.get(1)?)))
    }

    /// Those of these times that were not told of yet. They are in order.
    pub(crate) fn untold(&self, case: CaseId, dues: &[i64]) -> Result<Vec<i64>, StoreError> {
        let (Some(first), Some(last)) = (dues.first(), dues.last()) else { return Ok(Vec::new()) };
        let told: Vec<i64> = self.rows(TOLD, params![case.0, first, last], |row| row.get(0))?;
        Ok(dues.iter().filter(|due| !told.contains(due)).copied().collect())
    }
}

impl Txn<'_> {
    /// Tells what was due in a case before this time and was not told of yet, in order; gives the times. `alarm` is what
    /// [`Reads::alarms`] gave: where it is another one by now, somebody else told it, or the case changed, and nothing is done.
    /// `dues` is all that is due in the case, in order, each time once.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn tell_overdue(
        &self,
        case: CaseId,
        alarm: i64,
        dues: &[FellDue],
        before: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let times: Vec<i64> = dues.iter().map(|due| due.at).collect();
        let untold = self.untold(case, &times)?;
        let next = untold.iter().find(|at| **at >= before);
        let sql = "UPDATE queue SET alarm = ?3 WHERE case_id = ?1 AND alarm = ?2";
        if self.change(sql, params![case.0, alarm, next])? == 0 {
            return Ok(Vec::new());
        }
        let mut told = Vec::new();
        for due in dues.iter().filter(|due| due.at < before && untold.contains(&due.at)) {
            self.note_overdue(case, due)?;
            told.push(due.at);
        }
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Store,
        db::{Many, Value},
    };

    /// With a hundred thousand cases, too, a look that finds nothing costs nothing.
    #[test]
    fn what_is_asked_goes_along_an_index() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&folder.path().join("counterpart.db")).expect("opens");
        let plan = |sql: &str, values: &[Value<'_>]| {
            let steps = store.rows(&format!("EXPLAIN QUERY PLAN {sql}"), Many(values), |row| row.get::<_, String>(3));
            steps.expect("a plan").join("; ")
        };
        let number = Value::Int(5);
        let alarms = plan(ALARMS, &[number, number]);
        assert!(
            alarms.contains("SEARCH queue USING COVERING INDEX queue_by_alarm (alarm") && !alarms.contains("TEMP"),
            "{alarms}"
        );
        let told = plan(TOLD, &[Value::Bytes(&[1; 32]), number, number]);
        assert!(told.contains("changes_by_due (case_id=? AND due>? AND due<?)"), "{told}");
    }
}
