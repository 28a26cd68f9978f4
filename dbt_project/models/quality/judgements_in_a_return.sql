{{ judged(judged_in_a_return()) }}
