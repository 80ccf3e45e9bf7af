// Package bench owns the benchmark: the questions, how they are timed and how the result is written. It
// does not start servers (cmd/muster) and does not make the base (bench/gen).
package bench

// Question is one of the benchmark's questions in the language.
type Question struct {
	Name string
	What string // in words
	Text string // asked AS OF the benchmark's clock
}

// Clock is the benchmark's clock, as statements write it.
const Clock = "'2026-11-22'"

const q2 = `country IN ('PL', 'DE', 'FR', 'ES', 'IT') AND age BETWEEN 25 AND 40 AND email_opt_in`

const q13 = `((country IN ('PL', 'DE', 'FR') AND age BETWEEN 18 AND 30 AND gender = 'F')
    OR (country IN ('US', 'GB') AND ltv > 200 AND plan IN ('pro', 'enterprise'))
    OR (orders >= 5 AND last_open WITHIN 60d)
    OR (city IN ('city_0001', 'city_0003', 'city_0005', 'city_0010', 'city_0020', 'city_0050', 'city_0100', 'city_0200', 'city_0500', 'city_1000')
      AND email_opt_in))
  AND ((email_opt_in AND NOT sms_opt_in AND age >= 21) OR (sms_opt_in AND signup_date WITHIN 730d AND ltv < 1000)
    OR tags HAS 'tag_007' OR tags HAS 'tag_042')
  AND (gender IS NULL OR gender <> 'X') AND age IS NOT NULL AND plan <> 'starter'`

// Questions are Q1–Q9 and Q12–Q14 of the workload; id is a contact that exists.
func Questions(id string) []Question {
	count := func(name, what, condition string) Question {
		return Question{name, what, "COUNT " + condition + " AS OF " + Clock}
	}
	return []Question{
		count("Q1", "country", `country = 'PL'`),
		count("Q2", "5 countries, age range, opt-in", q2),
		count("Q3", "ltv and orders", `ltv > 500 AND orders >= 3`),
		count("Q4", "any of 3 tags", `tags HAS ANY ('tag_007', 'tag_042', 'tag_111')`),
		count("Q5", "bought within 30 days", `DID purchase WITHIN 30d`),
		count("Q6", "bought twice within 90 days", `DID purchase AT LEAST 2 TIMES WITHIN 90d`),
		count("Q7", "spent over 200 within 90 days", `sum(purchase.amount WITHIN 90d) > 200`),
		count("Q8", "3 countries, opened 30 d, no purchase 90 d", `country IN ('PL', 'DE', 'FR') AND DID open WITHIN 30d AND DID NOT purchase WITHIN 90d`),
		count("Q9", "cart within 2 h, no purchase since", `DID add_to_cart WITHIN 2h AND (NEVER DID purchase OR last(purchase).time < last(add_to_cart).time)`),
		{"Q12", "export 4 columns of Q2", "SELECT id, country, age, ltv FROM contacts WHERE " + q2 + " AS OF " + Clock},
		count("Q13", "20 predicates", q13),
		{"Q14", "one contact by id, all attributes", "SELECT * FROM contacts WHERE id = '" + id + "'"},
	}
}
