{{ judged(judged_across_returns()) }}
