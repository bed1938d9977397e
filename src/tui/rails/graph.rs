//! Who needs whom, and the order of the rows.

/// Lists of lists in two flat vectors.
#[derive(Debug, Default)]
pub(super) struct Lists {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    pub(super) fn of(&self, index: usize) -> &[u32] {
        &self.items[self.starts[index] as usize..self.starts[index + 1] as usize]
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }
}

/// What each step needs, without duplicates.
pub(super) struct Graph {
    needs: Lists,
}

impl Graph {
    pub(super) fn new<N: IntoIterator<Item = usize>>(needs: impl IntoIterator<Item = N>) -> Self {
        let mut lists = Lists {
            starts: vec![0],
            items: Vec::new(),
        };
        for step in needs {
            let start = lists.items.len();
            lists.items.extend(step.into_iter().map(|need| need as u32));
            lists.items[start..].sort_unstable();
            // Only what this step added can repeat; `dedup` over all would join neighbours.
            let mut kept = start;
            for i in start..lists.items.len() {
                if i == start || lists.items[i] != lists.items[kept - 1] {
                    lists.items[kept] = lists.items[i];
                    kept += 1;
                }
            }
            lists.items.truncate(kept);
            lists.starts.push(kept as u32);
        }
        Self { needs: lists }
    }

    /// For each step, who needs it, in the order in which `steps` names them.
    pub(super) fn children_by(&self, steps: &[u32]) -> Lists {
        let mut starts = vec![0_u32; self.needs.len() + 1];
        for need in &self.needs.items {
            starts[*need as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut items = vec![0; self.needs.items.len()];
        for step in steps {
            for need in self.needs.of(*step as usize) {
                items[next[*need as usize] as usize] = *step;
                next[*need as usize] += 1;
            }
        }
        Lists { starts, items }
    }

    /// Every step after its needs, and as close below the last of them as can be; else in the order of the file.
    pub(super) fn depth_first(&self) -> Vec<u32> {
        let in_file: Vec<u32> = (0..self.needs.len() as u32).collect();
        let children = self.children_by(&in_file);
        let mut open: Vec<usize> = in_file
            .iter()
            .map(|step| self.needs.of(*step as usize).len())
            .collect();
        let mut order = Vec::with_capacity(in_file.len());
        let roots = in_file
            .iter()
            .rev()
            .filter(|step| open[**step as usize] == 0);
        let mut stack: Vec<u32> = roots.copied().collect();
        while let Some(step) = stack.pop() {
            order.push(step);
            for child in children.of(step as usize).iter().rev() {
                open[*child as usize] -= 1;
                if open[*child as usize] == 0 {
                    stack.push(*child);
                }
            }
        }
        debug_assert_eq!(order.len(), in_file.len(), "a checked plan has no cycle");
        order
    }
}
