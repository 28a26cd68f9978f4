{{ judged(judged_after_reading()) }}
