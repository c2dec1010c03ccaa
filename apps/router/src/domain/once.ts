/** The same function, but it looks each thing up only once. To be made for one decision, in which nothing changes. */
export function once<Asked, Answer>(answerTo: (asked: Asked) => Answer): (asked: Asked) => Answer {
  const answers = new Map<Asked, Readonly<{ answer: Answer }>>();
  return (asked) => {
    const known = answers.get(asked);
    if (known) return known.answer;
    const answer = answerTo(asked);
    answers.set(asked, { answer });
    return answer;
  };
}
