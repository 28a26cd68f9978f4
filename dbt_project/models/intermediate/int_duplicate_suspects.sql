{{ duplicate_persons('suspect', person_columns('suspect')) }}
