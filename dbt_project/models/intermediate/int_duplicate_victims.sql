{{ duplicate_persons('victim', person_columns('victim')) }}
